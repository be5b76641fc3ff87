package odootest

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// websocketGUID is the constant of RFC 6455.
const websocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// maxFrame bounds what the echo takes.
const maxFrame = 1 << 20

// websocketRoute upgrades as the gevent port does and sends every frame back.
// A foreign Origin is connected too, but as nobody.
func websocketRoute(x *exchange) (*reply, error) {
	h := x.r.Header
	if !strings.EqualFold(h.Get("Upgrade"), "websocket") || h.Get("Sec-Websocket-Version") != "13" || h.Get("Sec-Websocket-Key") == "" {
		return nil, &httpError{status: http.StatusBadRequest, text: "The browser (or proxy) sent a request that this server could not understand."}
	}
	if origin := h.Get("Origin"); origin != "" && origin != x.scheme+"://"+x.host {
		x.sess = x.s.blankSession(x.s.newSessionID())
	}
	x.dirty = true
	sum := sha1.Sum([]byte(h.Get("Sec-Websocket-Key") + websocketGUID))
	accept := base64.StdEncoding.EncodeToString(sum[:])
	return &reply{takeOver: func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "the connection cannot be taken over", http.StatusInternalServerError)
			return
		}
		defer x.s.control.hold(conn)()
		fmt.Fprintf(rw, "HTTP/1.1 101 SWITCHING PROTOCOLS\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\nContent-Type: text/html; charset=utf-8\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, POST\r\n", accept)
		for _, line := range w.Header().Values("Set-Cookie") {
			fmt.Fprintf(rw, "Set-Cookie: %s\r\n", line)
		}
		fmt.Fprint(rw, "\r\n")
		if rw.Flush() == nil {
			echo(rw)
		}
	}}, nil
}

// echo returns each data frame, answers pings and ends with the close frame.
func echo(rw *bufio.ReadWriter) {
	for {
		opcode, payload, err := readFrame(rw)
		if err != nil {
			return
		}
		switch opcode {
		case 8: // close
			_ = writeFrame(rw, 8, payload)
			return
		case 9: // ping
			opcode = 10
		case 10: // pong
			continue
		}
		if writeFrame(rw, opcode, payload) != nil {
			return
		}
	}
}

func readFrame(r io.Reader) (opcode byte, payload []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	opcode, masked, size := head[0]&15, head[1]&128 != 0, uint64(head[1]&127)
	switch size {
	case 126:
		if _, err := io.ReadFull(r, head[:2]); err != nil {
			return 0, nil, err
		}
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		if _, err := io.ReadFull(r, head[:8]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(head[:8])
	}
	if !masked || size > maxFrame {
		return 0, nil, fmt.Errorf("websocket: a frame of %d bytes, masked %t", size, masked)
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return opcode, payload, nil
}

func writeFrame(rw *bufio.ReadWriter, opcode byte, payload []byte) error {
	head := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	if _, err := rw.Write(append(head, payload...)); err != nil {
		return err
	}
	return rw.Flush()
}
