// Every status of gRPC, and what it means at Yandex.

export type Row = [status: number, name: string, text: string, expected: string, retryable: boolean];

/** The vendor's own texts where they are known. */
export const ROWS: readonly Row[] = [
	[1, 'CANCELLED', 'Call cancelled', 'STT_CONNECT', true],
	[2, 'UNKNOWN', '', 'STT_ENGINE', true],
	[3, 'INVALID_ARGUMENT', 'Unknown recognition model: specific', 'STT_CONFIG', false],
	[3, 'INVALID_ARGUMENT', 'audio sample rate is not supported', 'STT_AUDIO_FORMAT', false],
	[3, 'INVALID_ARGUMENT', 'Billing account is not active', 'STT_QUOTA', false],
	[3, 'INVALID_ARGUMENT', 'No audio was received in time', 'STT_TIMEOUT', true],
	[4, 'DEADLINE_EXCEEDED', 'Deadline exceeded', 'STT_TIMEOUT', true],
	[5, 'NOT_FOUND', 'Folder not found', 'STT_CONFIG', false],
	[6, 'ALREADY_EXISTS', '', 'STT_PROTOCOL', false],
	[7, 'PERMISSION_DENIED', 'Permission denied', 'STT_AUTH', false],
	[7, 'PERMISSION_DENIED', 'The cloud is suspended', 'STT_QUOTA', false],
	[8, 'RESOURCE_EXHAUSTED', 'Quota exceeded: requests per second', 'STT_QUOTA', true],
	[8, 'RESOURCE_EXHAUSTED', 'Exceeded maximum allowed audio size', 'STT_TIMEOUT', true],
	[9, 'FAILED_PRECONDITION', '', 'STT_CONFIG', false],
	[10, 'ABORTED', '', 'STT_ENGINE', true],
	[10, 'ABORTED', 'Stream timed out after receiving no more client requests', 'STT_TIMEOUT', true],
	[11, 'OUT_OF_RANGE', 'Exceeded maximum allowed stream duration', 'STT_TIMEOUT', true],
	[12, 'UNIMPLEMENTED', 'Unknown method', 'STT_CONFIG', false],
	[13, 'INTERNAL', 'Internal error', 'STT_ENGINE', true],
	[14, 'UNAVAILABLE', 'upstream connect error', 'STT_CONNECT', true],
	[15, 'DATA_LOSS', '', 'STT_ENGINE', true],
	[16, 'UNAUTHENTICATED', 'Unknown api key', 'STT_AUTH', false],
	[16, 'UNAUTHENTICATED', 'The token has expired', 'STT_AUTH', false],
	[17, 'status 17', 'what nobody knows yet', 'STT_PROTOCOL', true],
];
