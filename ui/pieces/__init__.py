"""Parts of the page that are our own HTML: one .js file (behaviour), one .css file (look) and a line of Python each."""
