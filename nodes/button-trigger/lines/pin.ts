/** The BCM number that a pin setting means, or undefined if it is the name of a line. */
export function bcmNumber(pin: string): number | undefined {
	const digits = /^(?:gpio|bcm)? ?(\d{1,4})$/i.exec(pin)?.[1];
	return digits === undefined ? undefined : Number(digits);
}
