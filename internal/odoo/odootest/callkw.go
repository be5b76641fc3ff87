package odootest

import (
	"fmt"
	"strings"
)

// earlyCallKw is what 18 and later do before they authenticate: they look up
// whether the method may run on a read-only cursor, and for that they need
// body and model.
func earlyCallKw(x *exchange) error {
	v, err := decodeJSON(x.body)
	if err != nil {
		return raise("json.decoder.JSONDecodeError", pythonJSONError(x.body))
	}
	m, ok := v.(map[string]any)
	if !ok {
		return typeError("list indices must be integers or slices, not str")
	}
	params, ok := m["params"].(map[string]any)
	if !ok {
		return raise("builtins.KeyError", "params")
	}
	if model, ok := params["model"].(string); ok && !x.db.knows(model) {
		return notFound()
	}
	return nil
}

func callKw(x *exchange, params map[string]any) (any, error) {
	var missing []string
	for _, name := range []string{"model", "method", "args", "kwargs"} {
		if _, ok := params[name]; !ok {
			missing = append(missing, "'"+name+"'")
		}
	}
	if len(missing) > 0 {
		plural, list := "", strings.Join(missing, " and ")
		if len(missing) > 1 {
			plural = "s"
		}
		if len(missing) > 2 {
			list = strings.Join(missing[:len(missing)-1], ", ") + ", and " + missing[len(missing)-1]
		}
		return nil, typeError(fmt.Sprintf("DataSet.call_kw() missing %d required positional argument%s: %s", len(missing), plural, list))
	}
	if params["kwargs"] == nil {
		return nil, typeError("'NoneType' object is not iterable")
	}
	return x.callMethod(asString(params["model"]), asString(params["method"]), asList(params["args"]), asMap(params["kwargs"]))
}

// callButton answers with an action or false, never with a method's value.
func callButton(x *exchange, params map[string]any) (any, error) {
	result, err := callKw(x, params)
	if err != nil {
		return nil, err
	}
	if action := asMap(result); action != nil && action["type"] != nil {
		return action, nil
	}
	if action, ok := result.(object); ok {
		return action, nil
	}
	return false, nil
}

// callMethod runs a method as the user of the exchange: those that need the
// HTTP session here, everything else in the ORM.
func (x *exchange) callMethod(model, method string, args []any, kwargs map[string]any) (any, error) {
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	if f, ok := sessionMethods[model+"."+method]; ok && x.s.v.version >= f.from {
		return f.run(x, call{model, method, args, kwargs})
	}
	return x.db.engine.call(x.uid, model, method, args, kwargs)
}

// call is a method call with its arguments as they came.
type call struct {
	model, method string
	args          []any
	kwargs        map[string]any
}

// ids are the record ids in the first argument.
func (c call) ids() []int64 {
	var ids []int64
	if len(c.args) > 0 {
		if n, ok := asInt(c.args[0]); ok {
			return []int64{n}
		}
		for _, v := range asList(c.args[0]) {
			if n, ok := asInt(v); ok {
				ids = append(ids, n)
			}
		}
	}
	return ids
}

// arg is a named argument, or the positional one at i.
func (c call) arg(name string, i int) any {
	if v, ok := c.kwargs[name]; ok {
		return v
	}
	if i >= 0 && i < len(c.args) {
		return c.args[i]
	}
	return nil
}

// firstArg is the first argument as it came.
func (c call) firstArg() any {
	if len(c.args) > 0 {
		return c.args[0]
	}
	return []any{}
}

// knows says whether the database has a model, those included that live in
// the sessions.
func (d *database) knows(model string) bool {
	return d.engine.db.HasModel(model) || model == "res.device" && d.v.trace || model == "res.session" && d.v.version >= 20
}
