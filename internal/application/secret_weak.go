package application

import (
	"slices"
	"strings"
)

// Below these a secret can be guessed, or was typed: one that is made at random
// has more of both.
const (
	leastSecret     = 16 // characters
	leastCharacters = 6  // different ones
)

// famous are words of which secrets in examples, and those of people who mean
// to change them later, are made, the longest first.
var famous = func() []string {
	words := strings.Fields(`
		password passwort passw0rd passphrase secret s3cret client application app oauth oauth2 token key
		changeme changeit change replace insert please your this here with mysecret my super top very the
		test testing example sample demo default dummy fake temp placeholder letmein welcome hello
		admin administrator root user guest login odoo gateway confluence wiki forge n8n
		qwerty qwertz asdf abcdef abc xyz foo bar baz not safe insecure
	`)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}()

// weakness says why a plain secret is easily guessed, "" where it is not known
// to be. It tells nothing more of it.
func weakness(plain string) string {
	if len(plain) < leastSecret {
		return "is shorter than 16 characters"
	}
	different := make(map[rune]struct{})
	for _, c := range plain {
		different[c] = struct{}{}
	}
	if len(different) < leastCharacters {
		return "is made of a few characters again and again"
	}
	rest := strings.Map(func(c rune) rune {
		if isLetter(c) || c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, strings.ToLower(plain))
	for _, word := range famous {
		rest = strings.ReplaceAll(rest, word, " ")
	}
	letters := strings.ContainsFunc(strings.ToLower(plain), isLetter)
	switch {
	case letters && !strings.ContainsFunc(rest, isLetter):
		return "is made of words that everybody tries first"
	case strings.Contains(strings.Repeat("0123456789", len(plain)), plain):
		return "is made of digits in their order"
	}
	return ""
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c > 0x7f }
