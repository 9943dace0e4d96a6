"""One end of a connection that does as it is told, with aiortc: a command a line in, an answer a line out.

Every message that comes is sent back as it is.
"""
import asyncio
import json
import sys

from aiortc import RTCPeerConnection, RTCSessionDescription

pc = RTCPeerConnection()
channels = {}


def use(channel):
    channels[channel.label] = channel
    channel.on("message", channel.send)


async def until(is_true):
    while not is_true():
        await asyncio.sleep(0.002)


def open_channel(command):
    use(pc.createDataChannel(command["label"], ordered=command["ordered"], maxRetransmits=command.get("maxRetransmits")))


async def described(description):
    await pc.setLocalDescription(description)
    return pc.localDescription.sdp


async def offer(command):
    open_channel(command)
    return await described(await pc.createOffer())


async def answer(command):
    await pc.setRemoteDescription(RTCSessionDescription(command["sdp"], "offer"))
    return await described(await pc.createAnswer())


async def accept(command):
    await pc.setRemoteDescription(RTCSessionDescription(command["sdp"], "answer"))


async def opened(command):
    open_channel(command)
    await until(lambda: channels[command["label"]].readyState == "open")


async def close(command):
    channels[command["label"]].close()
    await closed(command)


async def closed(command):
    await until(lambda: channels[command["label"]].readyState == "closed")


async def end(command):
    await pc.close()


async def ended(command):
    await until(lambda: pc.connectionState in ("closed", "failed") or pc.sctp.state == "closed" or pc.sctp.transport.state == "closed")


commands = {
    "offer": offer, "answer": answer, "accept": accept, "open": opened,
    "close": close, "closed": closed, "end": end, "ended": ended,
}


async def main():
    reader = asyncio.StreamReader(limit=1024 * 1024)
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    pc.on("datachannel", use)
    while line := await reader.readline():
        command = json.loads(line)
        try:
            result = {"value": await commands[command["do"]](command) or ""}
        except Exception as e:
            result = {"error": repr(e)}
        print(json.dumps(result), flush=True)


asyncio.run(main())
