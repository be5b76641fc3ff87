package application

import (
	"errors"
	"fmt"
	"net/http"
)

// MaxLogo is the largest logo, in bytes.
const MaxLogo = 256 << 10

// NewLogo takes an image of at most [MaxLogo] bytes that is a PNG, JPEG, GIF or
// WebP by its content, whatever its name says. SVG is refused: it can carry
// scripts.
func NewLogo(data []byte) (Logo, error) {
	switch {
	case len(data) == 0:
		return Logo{}, errors.New("is empty")
	case len(data) > MaxLogo:
		return Logo{}, fmt.Errorf("is larger than %d KB", MaxLogo>>10)
	}
	switch kind := http.DetectContentType(data); kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return Logo{Type: kind, Data: data}, nil
	}
	return Logo{}, errors.New("is no PNG, JPEG, GIF or WebP image")
}
