package client

// ReadIdentity lets the tests look at it.
var ReadIdentity = readIdentity
