// One end of a connection that does as it is told, with pion: a command a line in, an answer a line out.
// Every message that comes is sent back as it is. The argument is this side's role in DTLS when it answers.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/pion/webrtc"
)

// The longest message that this side reads; a channel that is not detached reads 65,535 bytes.
const longestMessage = 256 * 1024

// What the process is told.
type command struct {
	Do             string
	Label          string
	SDP            string
	Ordered        bool
	MaxRetransmits *uint16
}

// A channel, and what has happened to it.
type channel struct {
	*webrtc.DataChannel
	opened chan struct{}
	closed chan struct{}
}

type peer struct {
	connection *webrtc.PeerConnection
	ended      chan struct{}
	mutex      sync.Mutex
	changed    *sync.Cond
	channels   map[string]*channel
}

func newPeer() (*peer, error) {
	settings := webrtc.SettingEngine{}
	settings.DetachDataChannels()
	if os.Args[1] == "passive" {
		if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
			return nil, err
		}
	}

	connection, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}

	p := &peer{connection: connection, ended: make(chan struct{}), channels: map[string]*channel{}}
	p.changed = sync.NewCond(&p.mutex)
	var once sync.Once
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateClosed || state == webrtc.PeerConnectionStateFailed || state == webrtc.PeerConnectionStateDisconnected {
			once.Do(func() { close(p.ended) })
		}
	})
	connection.OnDataChannel(func(c *webrtc.DataChannel) { p.use(c) })
	return p, nil
}

func (p *peer) use(dataChannel *webrtc.DataChannel) *channel {
	c := &channel{dataChannel, make(chan struct{}), make(chan struct{})}
	p.mutex.Lock()
	p.channels[c.Label()] = c
	p.mutex.Unlock()
	p.changed.Broadcast()
	c.OnOpen(func() {
		close(c.opened)
		go c.echo()
	})
	return c
}

// The channel of a label, when it is known.
func (p *peer) find(label string) *channel {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for p.channels[label] == nil {
		p.changed.Wait()
	}
	return p.channels[label]
}

func (c *channel) echo() {
	defer close(c.closed)
	stream, err := c.Detach()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}

	buffer := make([]byte, longestMessage)
	for {
		length, isText, err := stream.ReadDataChannel(buffer)
		if err != nil {
			return
		}
		if _, err = stream.WriteDataChannel(buffer[:length], isText); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
}

func (p *peer) open(c command) (*channel, error) {
	dataChannel, err := p.connection.CreateDataChannel(c.Label, &webrtc.DataChannelInit{Ordered: &c.Ordered, MaxRetransmits: c.MaxRetransmits})
	if err != nil {
		return nil, err
	}
	return p.use(dataChannel), nil
}

func (p *peer) describe(description webrtc.SessionDescription, err error) (string, error) {
	if err != nil {
		return "", err
	}

	gathered := webrtc.GatheringCompletePromise(p.connection)
	if err = p.connection.SetLocalDescription(description); err != nil {
		return "", err
	}
	<-gathered
	return p.connection.LocalDescription().SDP, nil
}

func (p *peer) obey(c command) (string, error) {
	switch c.Do {
	case "offer":
		if _, err := p.open(c); err != nil {
			return "", err
		}
		return p.describe(p.connection.CreateOffer(nil))
	case "answer":
		if err := p.connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: c.SDP}); err != nil {
			return "", err
		}
		return p.describe(p.connection.CreateAnswer(nil))
	case "accept":
		return "", p.connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: c.SDP})
	case "open":
		channel, err := p.open(c)
		if err == nil {
			<-channel.opened
		}
		return "", err
	case "close":
		channel := p.find(c.Label)
		if err := channel.Close(); err != nil {
			return "", err
		}
		<-channel.closed
		return "", nil
	case "closed":
		<-p.find(c.Label).closed
		return "", nil
	case "end":
		return "", p.connection.Close()
	case "ended":
		p.mutex.Lock()
		defer p.mutex.Unlock()
		for _, channel := range p.channels {
			select {
			case <-channel.closed:
			case <-p.ended:
			}
		}
		return "", nil
	}
	return "", errors.New("no such command")
}

func main() {
	p, err := newPeer()
	if err != nil {
		panic(err)
	}

	commands := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for {
		var c command
		if commands.Decode(&c) != nil {
			return
		}

		value, err := p.obey(c)
		if err != nil {
			answers.Encode(map[string]string{"error": err.Error()})
		} else {
			answers.Encode(map[string]string{"value": value})
		}
	}
}
