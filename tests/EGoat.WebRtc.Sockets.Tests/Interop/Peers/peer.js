// One end of a connection that does as it is told, over the W3C API alone: `peer(command)` gives a promise of the answer.
// Every message that comes is sent back as it is.
globalThis.createPeer = RTCPeerConnection => {
  const pc = new RTCPeerConnection({ iceServers: [] });
  const channels = {};

  const until = async isTrue => {
    while (!isTrue()) await new Promise(resolve => setTimeout(resolve, 2));
  };

  const use = channel => {
    channels[channel.label] = channel;
    channel.binaryType = 'arraybuffer';
    channel.onmessage = e => channel.send(e.data);
  };

  const open = command => {
    const options = { ordered: command.ordered };
    if (command.maxRetransmits !== undefined) options.maxRetransmits = command.maxRetransmits;
    use(pc.createDataChannel(command.label, options));
  };

  const described = async description => {
    await pc.setLocalDescription(description);
    await until(() => pc.iceGatheringState === 'complete');
    return pc.localDescription.sdp;
  };

  pc.ondatachannel = e => use(e.channel);

  const commands = {
    offer: async command => {
      open(command);
      return described(await pc.createOffer());
    },
    answer: async command => {
      await pc.setRemoteDescription({ type: 'offer', sdp: command.sdp });
      return described(await pc.createAnswer());
    },
    accept: command => pc.setRemoteDescription({ type: 'answer', sdp: command.sdp }),
    open: async command => {
      open(command);
      await until(() => channels[command.label].readyState === 'open');
    },
    close: async command => {
      channels[command.label].close();
      await until(() => channels[command.label].readyState === 'closed');
    },
    closed: command => until(() => channels[command.label].readyState === 'closed'),
    end: () => pc.close(),
    ended: () => until(() => ['closed', 'failed', 'disconnected'].includes(pc.connectionState) || Object.values(channels).every(c => c.readyState === 'closed')),
  };

  return async command => (await commands[command.do](command)) ?? '';
};
