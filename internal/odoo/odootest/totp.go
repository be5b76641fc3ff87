package odootest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"time"
)

// The login that has a second factor, in both databases.
const (
	TOTPLogin    = "totp"
	TOTPPassword = "totp"
	// TOTPSecret is the login's TOTP secret in base32, as an authenticator
	// app takes it. See TOTPCode.
	TOTPSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

// TOTPCode returns the six-digit code of a base32 secret at that time, by
// RFC 6238 with its defaults (SHA-1, 30 seconds). A malformed secret has no
// code: "".
func TOTPCode(secret string, at time.Time) string {
	return totpAt(secret, at.Unix()/30)
}

func totpAt(secret string, step int64) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return ""
	}
	m := hmac.New(sha1.New, key)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	m.Write(counter[:])
	sum := m.Sum(nil)
	offset := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// totpMatches accepts the codes of the current step and its neighbours.
func totpMatches(secret, code string, at time.Time) bool {
	if len(code) != 6 {
		return false
	}
	step := at.Unix() / 30
	for _, s := range []int64{step - 1, step, step + 1} {
		if hmac.Equal([]byte(totpAt(secret, s)), []byte(code)) {
			return true
		}
	}
	return false
}
