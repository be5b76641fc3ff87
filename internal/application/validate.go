package application

// Validate judges what must hold for every application, whoever configures it.
// The error begins with the setting that is wrong, and holds no secret.
func (a *Application) Validate() error {
	return checkRedirectURIs(a)
}
