//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// The protocol of the two: a message with one attribute, which the answer has too.
const (
	msgText  = unix.NLMSG_MIN_TYPE
	attrText = 1
)

// answer answers what other processes send to this one.
func answer(ctx context.Context) error {
	// Anybody may ask; who it was is in the credentials, which the kernel vouches for.
	c, err := nl.Dial(unix.NETLINK_USERSOCK, nl.WithAnySender(), nl.WithCredentials())
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Printf("Answering on port %d\n", c.Port())
	for m, err := range c.Messages(ctx) {
		if errors.Is(err, nl.ErrOverrun) {
			continue // who asked and got no answer will give up
		}
		if err != nil {
			return err
		}
		if err := answerTo(ctx, m); err != nil {
			fmt.Printf("port %d could not be answered: %v\n", m.Sender(), err) // it may be gone
		}
	}
	return nil
}

// answerTo answers one request: with a text in capitals, and an acknowledgement if that is asked for; or with an error.
func answerTo(ctx context.Context, m nl.Message) error {
	text, err := textOf(m)
	if err != nil {
		return m.ReplyError(ctx, unix.EBADMSG, err.Error())
	}
	from, _ := m.Credentials()
	fmt.Printf("port %d, of process %d, says %q\n", m.Sender(), from.PID, text)
	if m.Header.Type != msgText {
		return m.ReplyError(ctx, unix.EOPNOTSUPP, "the message type is not known here")
	}
	if text == "" {
		return m.ReplyError(ctx, unix.EINVAL, "there is no text")
	}
	e := nl.NewEncoder(nil)
	e.String(attrText, strings.ToUpper(text))
	payload, err := e.Result()
	if err != nil {
		return err
	}
	if err := m.Reply(ctx, nl.Message{Header: nl.Header{Type: msgText}, Payload: payload}); err != nil {
		return err
	}
	if m.Header.Flags&unix.NLM_F_ACK == 0 {
		return nil
	}
	return m.Ack(ctx)
}

// textOf is the text of a message.
func textOf(m nl.Message) (string, error) {
	for a, err := range m.Attributes(0) {
		if err != nil {
			return "", err
		}
		if a.Type == attrText {
			return a.String()
		}
	}
	return "", errors.New("the message has no text attribute")
}
