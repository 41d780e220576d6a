/** Thrown for data that its program cannot have written, or not to its end. */
export class DamagedArchiveError extends Error {}

/** Thrown for an archive that nobody should unpack. */
export class UnsafeArchiveError extends Error {}
