// Judges logs that are not its own, with the packages of Go's checksum database: golang.org/x/mod/sumdb/note and tlog.
// Nothing here knows our code. It reads one question a line, its parts between spaces, octets as standard base64 and
// "-" for none, and answers each with a line: "ok" and what was found, or "no" and why.
//
//	key VKEY                                     a key that is known from here on
//	note NOTE                                    ok and the names that have signed
//	inclusion INDEX SIZE ENTRY ROOT HASH,HASH
//	consistency OLD NEW OLDROOT NEWROOT HASH,... the trees are not empty
//	receipt PROOF CREDENTIAL                     ok and the names that have signed
//	log FOLDER ENTRIES                           a whole log in tiles, its entries and its checkpoint
//	proofs FOLDER INDEX,INDEX                    ok and, for each, the proof that Go makes from the tiles
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	cosigned   = 4
)

var known []note.Verifier

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if line == "" || err != nil {
			return
		}
		words := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		found, fault := judge(words[0], words[1:])
		if fault != nil {
			fmt.Fprintln(out, "no", strings.ReplaceAll(fault.Error(), "\n", " "))
		} else {
			fmt.Fprintln(out, strings.TrimSuffix("ok "+found, " "))
		}
	}
}

func judge(verb string, words []string) (string, error) {
	switch verb {
	case "key":
		verifier, err := newVerifier(words[0])
		known = append(known, verifier)
		return "", err
	case "note":
		_, signers, err := open(octets(words[0]))
		return signers, err
	case "inclusion":
		leaf := tlog.RecordHash(octets(words[2]))
		return "", tlog.CheckRecord(hashes(words[4]), number(words[1]), hash(words[3]), number(words[0]), leaf)
	case "consistency":
		return "", tlog.CheckTree(hashes(words[4]), number(words[1]), hash(words[3]), number(words[0]), hash(words[2]))
	case "receipt":
		return receipt(octets(words[0]), octets(words[1]))
	case "log":
		return "", wholeLog(words[0], number(words[1]))
	case "proofs":
		return proofs(words[0], strings.Split(words[1], ","))
	}
	return "", errors.New("no such question")
}

// A witness's key: Go's own package knows type 1 alone. The key id is computed here, as the specification says.
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.id }

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	told := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), text)
	return ed25519.Verify(w.key, []byte(told), signature[8:])
}

func newVerifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no key")
	}
	key := octets(parts[2])
	if len(key) == 0 || key[0] != cosigned {
		return note.NewVerifier(vkey)
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if fmt.Sprintf("%x", id[:4]) != parts[1] || len(key) != 1+ed25519.PublicKeySize {
		return nil, errors.New("no key of a witness")
	}
	return witness{parts[0], binary.BigEndian.Uint32(id[:4]), ed25519.PublicKey(key[1:])}, nil
}

// A checkpoint as text: origin, size, root.
type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func open(message []byte) (checkpoint, string, error) {
	opened, err := note.Open(message, note.VerifierList(known...))
	if err != nil {
		return checkpoint{}, "", err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, "", errors.New("no checkpoint of three lines")
	}
	var names []string
	for _, signature := range opened.Sigs {
		names = append(names, signature.Name)
	}
	sort.Strings(names)
	tree := tlog.Tree{N: number(lines[1]), Hash: hash(lines[2])}
	return checkpoint{lines[0], tree}, strings.Join(names, ","), nil
}

// What a third party has: the keys, a receipt and a credential. It needs nothing of ours, and no network.
func receipt(proof, credential []byte) (string, error) {
	above, below, found := strings.Cut(string(proof), "\n\n")
	lines := strings.Split(above, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", errors.New("no proof of this version")
	}
	parts, err := bundle(octets(strings.TrimPrefix(lines[1], "extra ")))
	if err != nil || len(parts) != 3 {
		return "", errors.New("the extra line does not hold three parts")
	}
	said, signers, err := open([]byte(below))
	if err != nil {
		return "", err
	}
	path := hashes(strings.Join(lines[3:], ","))
	index := number(strings.TrimPrefix(lines[2], "index "))
	if err := tlog.CheckRecord(path, said.tree.N, said.tree.Hash, index, tlog.RecordHash(parts[0])); err != nil {
		return "", err
	}
	var leaf struct {
		Commitment string `json:"com"`
	}
	if err := json.Unmarshal(parts[0], &leaf); err != nil {
		return "", err
	}
	digest := sha256.Sum256(credential)
	mac := hmac.New(sha256.New, parts[1])
	mac.Write([]byte("idbridge/evidence/v1"))
	mac.Write(digest[:])
	mac.Write(parts[2])
	if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != leaf.Commitment {
		return "", errors.New("about another credential")
	}
	return signers, nil
}

// Tiles as files, as C2SP names them: Go's own names have the height in them as well.
type folder string

func (f folder) Height() int                     { return tileHeight }
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
		octets, err := os.ReadFile(filepath.Join(string(f), "tile", path))
		if err != nil {
			return nil, err
		}
		found = append(found, octets)
	}
	return found, nil
}

func published(place string) (checkpoint, tlog.HashReader, error) {
	message, err := os.ReadFile(filepath.Join(place, "checkpoint"))
	if err != nil {
		return checkpoint{}, nil, err
	}
	said, _, err := open(message)
	return said, tlog.TileHashReader(said.tree, folder(place)), err
}

// Every entry is read from its bundle and has the hash that its tile says; every tile leads to the checkpoint's root.
func wholeLog(place string, size int64) error {
	said, reader, err := published(place)
	if err != nil {
		return err
	}
	if said.tree.N != size {
		return errors.New("another size")
	}
	var indexes []int64
	for index := int64(0); index < size; index++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, index))
	}
	stored, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for first := int64(0); first < size; first += tileWidth {
		width := size - first
		if width > tileWidth {
			width = tileWidth
		}
		path := tlog.Tile{H: tileHeight, L: 0, N: first / tileWidth, W: int(width)}.Path()
		path = strings.Replace(path, fmt.Sprintf("tile/%d/0/", tileHeight), "tile/entries/", 1)
		octets, err := os.ReadFile(filepath.Join(place, path))
		if err != nil {
			return err
		}
		entries, err := bundle(octets)
		if err != nil || int64(len(entries)) != width {
			return errors.New("a bundle of another width")
		}
		for place, entry := range entries {
			if tlog.RecordHash(entry) != stored[first+int64(place)] {
				return errors.New("an entry with another hash")
			}
		}
	}
	return nil
}

func proofs(place string, wanted []string) (string, error) {
	said, reader, err := published(place)
	if err != nil {
		return "", err
	}
	var found []string
	for _, word := range wanted {
		proof, err := tlog.ProveRecord(said.tree.N, number(word), reader)
		if err != nil {
			return "", err
		}
		var spelled []string
		for _, one := range proof {
			spelled = append(spelled, base64.StdEncoding.EncodeToString(one[:]))
		}
		found = append(found, strings.Join(spelled, ","))
	}
	return strings.Join(found, " "), nil
}

func bundle(octets []byte) ([][]byte, error) {
	var found [][]byte
	for reader := bytes.NewReader(octets); reader.Len() > 0; {
		var length uint16
		if err := binary.Read(reader, binary.BigEndian, &length); err != nil {
			return nil, err
		}
		entry := make([]byte, length)
		if read, _ := reader.Read(entry); read != int(length) {
			return nil, errors.New("an entry is cut off")
		}
		found = append(found, entry)
	}
	return found, nil
}

func octets(text string) []byte {
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return decoded
}

func number(text string) int64 {
	read, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return read
}

func hash(text string) (found tlog.Hash) {
	decoded := octets(text)
	if len(decoded) == tlog.HashSize {
		copy(found[:], decoded)
	}
	return found
}

func hashes(text string) (found []tlog.Hash) {
	if text == "-" || text == "" {
		return nil
	}
	for _, one := range strings.Split(text, ",") {
		found = append(found, hash(one))
	}
	return found
}
