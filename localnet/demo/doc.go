// Package demo plays a story on a network: nine organisations record hickory nuts from
// the grove to the shop, recall them, take three imports through customs, and hand out a proof that
// needs none of them to be checked. What it does is what a person would type: every step
// is one command of package client, or a document of the folder documents that is posted
// to a node's EPCIS interface.
package demo
