package dialect

import (
	"errors"
	"io"
	"mime/multipart"
)

// multipart adds the parts of a multipart form. Files are refused.
func (p Parameters) multipart(body io.Reader, boundary string) error {
	parts := multipart.NewReader(body, boundary)
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errors.New("the form cannot be read")
		}
		value, err := io.ReadAll(part)
		if err != nil || part.FormName() == "" || part.FileName() != "" {
			return errors.New("the form cannot be read")
		}
		if err := p.set(part.FormName(), string(value)); err != nil {
			return err
		}
	}
}
