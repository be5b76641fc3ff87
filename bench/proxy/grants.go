//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"
)

// grantRow is how many of something one second of the processor yields.
type grantRow struct {
	algorithm, what string
	rate            []float64 // for each round
	part            []float64 // of the bare signatures in the same round
}

// signRole makes signatures: "rs256 1000" is answered with the nanoseconds of
// the processor that a thousand took.
func signRole() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	text := []byte(strings.Repeat("x", 400)) // as long as the claims of a token
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var words [2]string
		if err := json.Unmarshal(in.Bytes(), &words); err != nil {
			log.Fatal(err)
		}
		count, err := strconv.Atoi(words[1])
		if err != nil {
			log.Fatal(err)
		}
		before, err := cpuOf(0)
		if err != nil {
			log.Fatal(err)
		}
		for range count {
			if words[0] == "eddsa" {
				ed25519.Sign(edwards, text)
				continue
			}
			sum := sha256.Sum256(text)
			if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:]); err != nil {
				log.Fatal(err)
			}
		}
		after, err := cpuOf(0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(int64(after - before))
	}
}

// grants measures the token endpoints beside bare signatures, pinned.
func (b *bench) grants(ctx context.Context) ([]grantRow, error) {
	defer b.stop()
	s := setting{pinned: true, gogc: 100}
	if err := b.beside(ctx, s); err != nil {
		return nil, err
	}
	at := place{setting: s, contender: true, pprof: b.pprof}
	signer, err := b.begin(ctx, "sign", at, "", "")
	if err != nil {
		return nil, err
	}
	gateway, err := b.startGateway(ctx, at)
	if err != nil {
		return nil, err
	}
	var rows []grantRow
	for _, algorithm := range []string{"rs256", "eddsa"} {
		for _, what := range []string{"bare signature", "refresh_token grant", "client_credentials grant"} {
			rows = append(rows, grantRow{algorithm: algorithm, what: what})
		}
	}
	for round := -1; round < b.rounds; round++ { // the first one warms up
		for i := range rows {
			r := &rows[i]
			var spent time.Duration
			var err error
			count := b.perRound
			if round < 0 {
				count = min(count, 200)
			}
			if r.what == "bare signature" {
				err = signer.ask([2]string{r.algorithm, strconv.Itoa(count)}, &spent)
			} else {
				spent, err = b.grant(gateway, r, count)
			}
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", r.algorithm, r.what, err)
			}
			if round < 0 {
				continue
			}
			r.rate = append(r.rate, float64(count)/spent.Seconds())
			if bare := rows[i/3*3]; i%3 > 0 {
				r.part = append(r.part, r.rate[round]/bare.rate[round])
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// grant has so many tokens granted and returns what the gateway spent on them.
func (b *bench) grant(gateway *process, r *grantRow, count int) (time.Duration, error) {
	basic := base64.StdEncoding.EncodeToString([]byte(clientID + ":" + secret))
	head := fmt.Appendf(nil, "POST /restapi/1.0/common/oauth2/access_token HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\n", hostOf(r.algorithm), basic)
	j := job{Address: b.gatewayAt[r.algorithm], Connections: b.connections, Count: count}
	if r.what == "refresh_token grant" {
		j.Refresh, j.RefreshHead = b.world.refresh[r.algorithm], head
	} else {
		const form = "grant_type=client_credentials"
		j.Requests = [][]byte{fmt.Appendf(head, "Content-Length: %d\r\n\r\n%s", len(form), form)}
	}
	before, err := cpu(gateway)
	if err != nil {
		return 0, err
	}
	done, err := b.do(j)
	if err != nil {
		return 0, err
	}
	after, err := cpu(gateway)
	if j.Refresh != nil {
		b.world.refresh[r.algorithm] = done.Refresh
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(done.Last, &answer) != nil || strings.Count(answer.Token, ".") != 2 {
		return 0, fmt.Errorf("the answer holds no access token: %.200s", done.Last)
	}
	return after - before, err
}
