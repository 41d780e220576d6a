import type { NodeAPI } from 'node-red';
import { toVoiceError } from '../../lib/node/errors.ts';
import { DEVICE_SOURCE_NAMES, type DeviceSourceName } from './rules.ts';
import { createSource } from './sources/index.ts';

/**
 * GET /voice/mic-capture/devices?source=… for the dialog: a list of DeviceName, or status 503 with the code and
 * message of what is missing. Call once per node set.
 */
export function serveDeviceList(RED: NodeAPI): void {
	RED.httpAdmin.get(
		'/voice/mic-capture/devices',
		RED.auth.needsPermission('mic-capture.read'),
		async (request, response) => {
			const asked = String(request.query['source'] ?? 'auto');
			if (!DEVICE_SOURCE_NAMES.includes(asked as DeviceSourceName)) {
				response.status(400).json({ code: 'MIC_FORMAT', message: 'unknown source' });
				return;
			}
			try {
				response.json(await createSource(asked as DeviceSourceName).devices());
			} catch (thrown) {
				const error = toVoiceError(thrown, 'MIC_BACKEND_MISSING', 'Listing the microphones');
				response.status(503).json({ code: error.code, message: error.message });
			}
		},
	);
}
