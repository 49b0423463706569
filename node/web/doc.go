// Package web serves two pages that check evidence in the reader's browser: /verify for evidence files, and the story of one
// lot for whoever scans the code on a bag. Each is one HTML file without any reference to the network, so that a saved copy
// checks the same evidence years later.
//
// The pages are built from client/js/page by `node page/build.mjs` in client/js, and are committed here, so that the node
// builds without JavaScript tools; a test builds them again and compares.
package web
