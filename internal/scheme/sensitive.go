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
	"access_token": true, "access_url": true, "api_key": true, "api_secret": true,
	"client_secret": true, "new_password": true, "oauth_access_token": true,
	"password": true, "password_crypt": true, "private_key": true, "secret": true,
	"signup_token": true, "signup_type": true, "signup_url": true, "signup_valid": true,
	"token": true, "totp_secret": true,
}
