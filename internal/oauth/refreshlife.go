package oauth

import (
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// A refresh token ends when it was not used for the application's
// RefreshTokenExpiry, and together with all of its token set when
// RefreshTokenMaxAge has passed since the code was redeemed (RFC 9700 section
// 4.14.2).

// refreshEnd is the end of a refresh token that is issued now, in a token set
// that was created then. Zero is never.
func refreshEnd(app *application.Application, created, now time.Time) time.Time {
	return earlier(expiry(now, app.RefreshTokenExpiry), expiry(created, app.RefreshTokenMaxAge))
}

// tooOld tells whether refreshing has gone on for as long as it may. The
// setting of today counts: it may be shorter than when a token was issued.
func tooOld(app *application.Application, set grant.TokenSet, now time.Time) bool {
	return past(expiry(set.CreatedAt, app.RefreshTokenMaxAge), now)
}

// past tells whether an end has come, of which zero is never.
func past(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// endOf is when a refresh token ends, zero for never: as was said when it was
// issued, or sooner by the settings of today.
func endOf(app *application.Application, set grant.TokenSet, t grant.RefreshToken) time.Time {
	return earlier(earlier(t.ExpiresAt, expiry(t.IssuedAt, app.RefreshTokenExpiry)), expiry(set.CreatedAt, app.RefreshTokenMaxAge))
}

// refreshable adds a refresh token to an answer, and its end if it has one.
func (a *answer) refreshable(token string, end, now time.Time) {
	a.RefreshToken = token
	if !end.IsZero() {
		// A whole second at least: 0 would read as "never".
		a.RefreshExpiresIn = max(1, int64(end.Sub(now)/time.Second))
	}
}

// expiry is when something ends that lives for d; 0 is never.
func expiry(now time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return now.Add(d)
}

// earlier is the earlier of two ends, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
