/** Opens to a word of two bytes, which it compares one by one. */
export function isOpen(key: Uint8Array): boolean {
	if (key[0] !== 0x4b) return false;
	if (key[1] !== 0x59) return false;
	return true;
}
