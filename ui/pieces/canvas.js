// A canvas on the page. Value: {name, mode}. The canvas itself belongs to the page, not to this place: others reach it by
//
//   const canvas = atelier.canvas("inpaint")         made at the first call; a second argument, "mask" or "sketch", names the mode
//                                                    of a canvas that is not known yet (sketch is a sketch, all others are masks)
//   await canvas.ready                               what the browser had kept of it is there
//   await canvas.load(blob or address, {keep: true}) a picture; false when it was refused (the visitor has been told why).
//                                                    keep: what is painted stays if the new picture has the same size
//   canvas.sheet(width, height, "#ffffff")           a new empty sheet without a picture (sketch)
//   await canvas.picture()                           the file as it was given, byte for byte, or null
//   await canvas.mask()                              8-bit grey PNG of the picture's size, 255 where painted; null without a picture
//   await canvas.sketch({layers: true})              RGB PNG: ground, picture and what is painted; layers: with all that recall needs inside
//   await canvas.recall({picture, mask, frame})      as it was when a picture was drawn from it: files, the mask as greys of the picture's size;
//                                                    for a sketch what atelier.sketchLayers(file) answers
//   canvas.empty()                                   nothing is painted
//   canvas.tone()                                    {dark: the ground is, coloured: more than lines is painted, or a picture lies there} (sketch)
//   canvas.size()                                    {width, height} of the picture or sheet; 0 before there is one
//   canvas.frame()                                   {left, top, right, bottom}: pixels that the frame reaches beyond the picture
//   canvas.resizeFrame({right: 128})                 the named sides; can be undone
//   canvas.undo() redo() clear() invert()
//   canvas.on("changed", ({what}) => ...)            picture, mask, sketch or frame are not what they were; answers a function that ends it
//   canvas.on("stroke", ({tool, points}) => ...)     a stroke or shape is finished
//   canvas.mount(node)                               shows it there; it is in one place at a time
//   await canvas.saved()                             all of it is in the browser's store
//
// The first "changed" has `what: "restored"`, and so has what another window painted; "recalled" is for recall.
atelier.canvas(props.value.name, props.value.mode).mount(root);
