// Package demo plays a story on a network: six organisations record a lot of hickory
// nuts from harvest to parcel, clear an import order, and hand out a proof that needs
// none of them to be checked. What it does is what a person would type: every step is
// one command of package client, with the documents of the folder documents.
package demo
