// What the Node-RED editor gives to the editor side of a node (`*.editor.ts`); jQuery's `$` comes with its types.
declare const RED: import('node-red').EditorRED;
