package token

// ForgetVerified empties the cache of verified tokens.
func (k *Keys) ForgetVerified() { k.verified.Purge() }
