/** Runs in the editor's page: names what of the open dialog stands out of it or is cut. */
export const CLIPPED = `(() => {
	const form = $('.red-ui-tray form:visible')[0];
	const edge = form.getBoundingClientRect().right + 1;
	const isCut = (element) => {
		if (element.tagName !== 'INPUT') return element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
		if (!element.placeholder || element.value) return false;
		const { font, paddingLeft, paddingRight } = getComputedStyle(element);
		const pen = document.createElement('canvas').getContext('2d');
		pen.font = font;
		const room = element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
		return pen.measureText(element.placeholder).width > room;
	};
	const cut = $(form).find('label, span, small, div, input, select, textarea').filter(':visible').toArray()
		.filter((element) => element.getBoundingClientRect().top > 0)
		.filter((element) => element.getBoundingClientRect().right > edge || isCut(element));
	return cut.filter((element) => !cut.some((other) => other !== element && element.contains(other)))
		.map((element) => element.id || element.textContent.trim());
})()`;
