/** What a pin of the header is there for, beside being a GPIO: colours it in the picker. */
export type PinKind = '5v' | '3v3' | 'ground' | 'gpio' | 'bus';

export interface HeaderPin {
	/** Number on the header, 1 to 40. */
	physical: number;
	kind: PinKind;
	/** Number of the GPIO in Broadcom's (BCM) counting; undefined for power and ground. */
	bcm?: number;
	/** What it carries when that is switched on, e.g. "I2C SDA"; the same word in every language. */
	role?: string;
}

/**
 * The 40-pin header of every Raspberry Pi since the B+: by row, from pin 1 on, a GPIO's number with its usual second
 * function. Source: raspberrypi.com/documentation/computers/raspberry-pi.html#gpio and `pinout` of gpiozero.
 */
const ROWS: readonly (readonly [odd: string, even: string])[] = [
	['3V3', '5V'],
	['2 I2C SDA', '5V'],
	['3 I2C SCL', 'GND'],
	['4', '14 UART TXD'],
	['GND', '15 UART RXD'],
	['17', '18 PCM CLK'],
	['27', 'GND'],
	['22', '23'],
	['3V3', '24'],
	['10 SPI MOSI', 'GND'],
	['9 SPI MISO', '25'],
	['11 SPI SCLK', '8 SPI CE0'],
	['GND', '7 SPI CE1'],
	['0 ID SDA', '1 ID SCL'],
	['5', 'GND'],
	['6', '12 PWM0'],
	['13 PWM1', 'GND'],
	['19 PCM FS', '16'],
	['26', '20 PCM DIN'],
	['GND', '21 PCM DOUT'],
];

const POWER: Readonly<Record<string, PinKind>> = { '3V3': '3v3', '5V': '5v', GND: 'ground' };

function headerPin(text: string, physical: number): HeaderPin {
	const power = POWER[text];
	if (power) return { physical, kind: power, role: text === '3V3' ? '3.3 V' : text.replace('5V', '5 V') };
	const [, bcm, role] = /^(\d+)(?: (.+))?$/.exec(text) ?? [];
	return { physical, kind: role ? 'bus' : 'gpio', bcm: Number(bcm), ...(role && { role }) };
}

/** All pins, in the order of their numbers. */
export const HEADER: readonly HeaderPin[] = ROWS.flat().map((text, index) => headerPin(text, index + 1));
