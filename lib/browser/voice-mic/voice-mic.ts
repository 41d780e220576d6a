// The module that pages load: bundled as voice-mic.js.
import { VoiceMic } from './element.ts';
import { VoiceMicPage } from './page.ts';

export { addLanguage } from './texts/texts.ts';
export { VoiceMic };

// A page may load it from two nodes; the first one serves all its elements.
if (!customElements.get('voice-mic')) customElements.define('voice-mic', VoiceMic);
if (!customElements.get('voice-mic-page')) customElements.define('voice-mic-page', VoiceMicPage);
