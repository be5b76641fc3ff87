package page

import "github.com/caddy-odoo/gateway/internal/connect"

// AdminConnect tells how to connect an application.
type AdminConnect struct {
	Admin
	Settings connect.Settings
	// Files are to be downloaded, Texts to be copied.
	Files []ConnectFile
	Texts []ConnectText
}

// ConnectFile is a file in a format of package connect.
type ConnectFile struct{ Format, Title, URL string }

// Says is the key of the text for what is in the file.
func (f ConnectFile) Says() string { return "admin.connect.says." + f.Format }

// ConnectText is a text to be copied.
type ConnectText struct{ Title, Text string }

func (AdminConnect) file() string { return "admin_connect.html" }
func (AdminConnect) images() bool { return false }
