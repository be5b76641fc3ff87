package scheme

import (
	"slices"
	"strings"
)

// sensitiveRoots are models that hold credentials, rights, code or other
// people's mail, or that read any other model. Each covers the models below
// it: "mail" covers mail.message.
var sensitiveRoots = []string{
	"ir", "mail", "bus", "base", "discuss", "im_livechat",
	"res.users", "res.groups", "res.config", "res.device",
	"auth", "change.password", "fetchmail", "iap", "google", "microsoft",
	"payment.provider", "payment.acquirer", "payment.token",
	"certificate", "base_import", "portal.wizard", "sms",
}

// sensitive tells whether a model is on the built-in list that only a
// configuration opens that says so.
func sensitive(model string) bool {
	for _, root := range sensitiveRoots {
		if model == root || strings.HasPrefix(model, root+".") {
			return true
		}
	}
	first, _, _ := strings.Cut(model, ".")
	if strings.HasPrefix(first, "auth_") || strings.HasPrefix(model, "res.users_") {
		return true
	}
	return slices.Contains(strings.Split(model, "."), "wizard")
}

// credentialFields open a document, an account or a person to whoever reads
// them. Only a whitelist that names one opens it.
var credentialFields = map[string]bool{
	"access_url": true, "password_crypt": true, "signup_token": true, "signup_type": true, "signup_url": true, "signup_valid": true, "token": true,
}

// credentialWords are at the end of the names of others, as modules call the keys
// that they have to other services: adyen_api_key of a way to pay, for one.
var credentialWords = []string{
	"password", "passwd", "secret", "api_key", "apikey", "private_key", "secret_key", "access_token", "auth_token", "bearer_token", "refresh_token",
}

// credential tells whether a field holds a credential, by its name.
func credential(field string) bool {
	return credentialFields[field] || slices.ContainsFunc(credentialWords, func(word string) bool {
		rest, ends := strings.CutSuffix(field, word)
		return ends && (rest == "" || strings.HasSuffix(rest, "_"))
	})
}
