package client

// ReadPull lets the tests look at it.
var ReadPull = readPull
