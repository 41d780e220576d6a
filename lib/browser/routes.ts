import type { NodeAPI } from 'node-red';
import { cookiesOf } from './cookies.ts';

type App = NodeAPI['httpNode'];
type Express = Parameters<App['get']>[1];
export type Request = Parameters<Express>[0];
export type Response = Parameters<Express>[1];
export type Handler = (request: Request, response: Response, next: () => void) => void;
export type Method = 'get' | 'post';

/** What Express keeps of a route or of middleware; the same in its versions 4 and 5. */
interface Layer {
	match(path: string): boolean;
	route?: { path: unknown; methods: Readonly<Record<string, boolean>> };
	/** Middleware for every path (Express 4, 5). */
	regexp?: { fast_slash?: boolean };
	slash?: boolean;
}

/** One node's routes on RED.httpNode. */
export class Routes {
	readonly #app: App;
	readonly #middleware: Handler[];
	readonly #own: Layer[] = [];

	/** @param middleware the setting `httpNodeMiddleware`, which core applies to its HTTP nodes only */
	constructor(app: App, middleware: unknown) {
		this.#app = app;
		const all: Handler[] = Array.isArray(middleware) ? middleware.flat(5) : [middleware];
		this.#middleware = all.filter((one) => typeof one === 'function');
	}

	/** @param paths below httpNodeRoot */
	add(method: Method, paths: string[], handler: Handler): void {
		// HTTP nodes read the cookies for the middleware, too.
		const before = this.#middleware.length ? [cookies, ...this.#middleware] : [];
		this.#app[method](paths, ...before, handler);
		const layer = this.#stack.at(-1);
		if (layer) this.#own.push(layer);
	}

	remove(): void {
		const stack = this.#stack;
		for (const layer of this.#own.splice(0)) {
			const at = stack.indexOf(layer);
			if (at >= 0) stack.splice(at, 1);
		}
	}

	/** Does something else serve the path, or would it do so without these routes? */
	isTaken(method: Method, path: string): boolean {
		const stack = this.#stack;
		const own = stack.findIndex((layer) => this.#own.includes(layer));
		return stack.some((layer, at) => {
			if (this.#own.includes(layer) || !serves(layer, method) || !layer.match(path)) return false;
			return own < 0 || at < own || !isPattern(layer);
		});
	}

	get #stack(): Layer[] {
		// Express 4 makes its router with the first route, and throws where 5 has it.
		const { _router } = this.#app as { _router?: { stack: Layer[] } };
		if (_router) return _router.stack;
		try {
			return (this.#app as unknown as { router?: { stack: Layer[] } }).router?.stack ?? [];
		} catch {
			return [];
		}
	}
}

/** Middleware for everything serves nothing by itself. */
function serves({ route, regexp, slash }: Layer, method: Method): boolean {
	if (route) return Boolean(route.methods[method] || route.methods['_all']);
	return !(regexp?.fast_slash || slash);
}

/** Routes that fit anything may stand behind ours. */
const isPattern = ({ route }: Layer) => route !== undefined && /[:*?+()]/.test(String(route.path));

const cookies: Handler = (request, _response, next) => {
	request.cookies ??= cookiesOf(request.headers.cookie);
	next();
};
