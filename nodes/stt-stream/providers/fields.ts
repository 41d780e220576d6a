// Readers for the fields of a message that came from outside. Each throws a TypeError for what it cannot read.

export type Message = Readonly<Record<string, unknown>>;

export function text(message: Message, field: string): string {
	const value = message[field];
	if (typeof value !== 'string') throw new TypeError(field);
	return value;
}

export function number(message: Message, field: string): number {
	const value = message[field];
	if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(field);
	return value;
}

/** Of a field that a server may leave out; null counts as left out. */
export function optional<T>(
	read: (message: Message, field: string) => T,
	message: Message,
	field: string,
): T | undefined {
	return message[field] === undefined || message[field] === null ? undefined : read(message, field);
}

export function list(message: Message, field: string): Message[] {
	const value = message[field];
	if (!Array.isArray(value)) throw new TypeError(field);
	return value.map((item: unknown) => {
		if (item === null || typeof item !== 'object') throw new TypeError(field);
		return item as Message;
	});
}
