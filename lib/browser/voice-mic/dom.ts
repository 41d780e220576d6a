type Attributes = Readonly<Record<string, string>>;

/** Makes an element. No HTML is parsed: pages may forbid that (Trusted Types). */
export function element<Name extends keyof HTMLElementTagNameMap>(
	name: Name,
	attributes: Attributes = {},
	...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
	const made = document.createElement(name);
	set(made, attributes);
	made.append(...children);
	return made;
}

export function svg(name: string, attributes: Attributes = {}, ...children: Node[]): SVGElement {
	const made = document.createElementNS('http://www.w3.org/2000/svg', name);
	set(made, attributes);
	made.append(...children);
	return made;
}

/** Styles that work under any Content-Security-Policy. */
export function adopt(root: DocumentOrShadowRoot, css: string): void {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(css);
	root.adoptedStyleSheets.push(sheet);
}

/** Writes only what is new: a live region would say it again. */
export function write(node: Element, text: string): void {
	if (node.textContent !== text) node.textContent = text;
}

function set(element: Element, attributes: Attributes): void {
	for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}
