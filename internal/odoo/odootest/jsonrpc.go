package odootest

import (
	"fmt"
	"net/http"
	"strings"
)

// checkType refuses a request whose content type is not that of the route,
// as Odoo does before it looks at anything else.
func (x *exchange) checkType() error {
	mime := strings.ToLower(strings.TrimSpace(strings.Split(x.r.Header.Get("Content-Type"), ";")[0]))
	isJSON := mime == "application/json" || mime == "application/json-rpc"
	switch x.route.kind {
	case kindJSON:
		if isJSON {
			return nil
		}
		compatible := "[&#39;http&#39;]"
		if x.s.v.json2 && mime == "" {
			compatible = "[&#39;http&#39;, &#39;json2&#39;]"
		}
		return x.wrongType(compatible, strings.TrimRight(x.route.path, "/*"), x.s.v.jsonType, "application/json, application/json-rpc")
	case kindJSON2:
		if mime == "application/json" || mime == "" {
			return nil
		}
		return x.wrongType("[&#39;http&#39;]", x.route.json2Name, "json2", "application/json")
	}
	return nil
}

func (x *exchange) wrongType(compatible, path, want, accept string) error {
	text := fmt.Sprintf("Request inferred type is compatible with %s but &#39;%s&#39; is type=&#39;%s&#39;.", compatible, path, want)
	e := &httpError{status: x.s.v.wrongType, text: text}
	if x.s.v.wrongType == http.StatusUnsupportedMediaType {
		e.text += "<br><br>Please verify the Content-Type request header and try again."
		e.header = http.Header{"Accept": {accept}}
	}
	return e
}

// readRPC parses the envelope and returns params. Before 18, and on most
// routes since, a body that is no JSON object is an HTTP error.
func (x *exchange) readRPC() (map[string]any, error) {
	v, err := decodeJSON(x.body)
	if err != nil {
		return nil, &httpError{status: http.StatusBadRequest, raw: []byte("Invalid JSON data"), answer: true}
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, &httpError{status: http.StatusBadRequest, raw: []byte("Invalid JSON-RPC data"), answer: true}
	}
	x.rpcID = m["id"]
	params := asMap(m["params"])
	if params == nil {
		params = map[string]any{}
	}
	return params, nil
}

// rpcRoute makes a route handler of a function from params to result.
func rpcRoute(f func(x *exchange, params map[string]any) (any, error)) func(*exchange) (*reply, error) {
	return func(x *exchange) (*reply, error) {
		params, err := x.readRPC()
		if err != nil {
			return nil, err
		}
		result, err := f(x, params)
		if err != nil {
			return nil, err
		}
		return x.rpcResult(result, fieldOrder(params)), nil
	}
}

// rpcResult is the envelope around a result. A None has no member at all
// before 20.
func (x *exchange) rpcResult(result any, order []string) *reply {
	envelope := object{{"jsonrpc", "2.0"}, {"id", x.rpcID}}
	if result != nil || x.s.v.voidResult {
		envelope = append(envelope, member{"result", result})
	}
	return x.json(http.StatusOK, envelope, order)
}

func (x *exchange) json(status int, v any, order []string) *reply {
	return &reply{status: status, body: encodeJSON(v, order),
		header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}
}

// failedRPC is the error envelope: HTTP 200 whatever happened.
func (x *exchange) failedRPC(e *fault) *reply {
	x.cookies = nil
	code, message := x.s.v.serverError, "Odoo Server Error"
	switch {
	case e.session:
		code, message = 100, "Odoo Session Expired"
	case e.code != 0:
		code, message = e.code, fmt.Sprintf("%d: %s", e.code, http.StatusText(e.code))
	}
	id := x.rpcID // null as long as nobody has read it
	if e.session {
		id = nil
	}
	data := e.data()
	a := &reply{bare: true}
	if x.s.v.version >= 20 {
		data = append(data, member{"timestamp", x.s.now().Unix()})
	}
	a = x.json(http.StatusOK, object{{"jsonrpc", "2.0"}, {"id", id},
		{"error", object{{"code", code}, {"message", message}, {"data", data}}}}, nil)
	a.bare = true
	if x.s.v.version >= 20 {
		a.header.Set("Date", x.s.now().UTC().Format(http.TimeFormat))
	}
	return a
}

// fieldOrder is the order of fields that the caller asked for, which Odoo
// keeps in its answer.
func fieldOrder(params map[string]any) []string {
	kwargs := asMap(params["kwargs"])
	if kwargs == nil {
		kwargs = params
	}
	list := asList(kwargs["fields"])
	if list == nil {
		args := asList(params["args"])
		for i := 1; i < len(args) && list == nil; i++ {
			list = asList(args[i])
		}
	}
	var order []string
	for _, f := range list {
		if name, ok := f.(string); ok {
			order = append(order, name)
		}
	}
	return order
}
