package client

import (
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/ceb"
)

// documentFields is a customs document as the ledger commits to it.
func documentFields(d *ceb.Document) []types.DocumentField {
	var fields []types.DocumentField
	for _, f := range d.Fields() {
		fields = append(fields, types.DocumentField{Path: f.Path, Value: f.Value})
	}
	return fields
}

// matchTags makes the match tags of a document under its order's key, by their names on the ledger. What the document does
// not say has none. The number has no tag of this form: see types.NumberTag.
func matchTags(d *ceb.Document, key types.Secret) map[string]types.Hash {
	tags := map[string]types.Hash{}
	for _, v := range ceb.MatchValues(d) {
		if name, there := tagNames[v.Name]; there {
			tags[name] = types.MatchTag(key, name, v.Value)
		}
	}
	return tags
}

// tagNames says what the ledger calls the match values of customs documents.
var tagNames = map[string]string{
	ceb.TagAmount: types.TagAmount, ceb.TagMerchant: types.TagMerchant, ceb.TagGoods: types.TagGoods,
	ceb.TagPayer: types.TagPayer, ceb.TagConsignee: types.TagConsignee, ceb.TagWaybill: types.TagParcel,
}
