// A data channel without a signaling server: run it twice and carry two lines by hand.
//
//   dotnet run --project examples/DataChannelEcho -- offer      prints an offer; give it the answer, then lines to send
//   dotnet run --project examples/DataChannelEcho -- answer     give it the offer; prints an answer, then echoes
using System.Text;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

if (args is not ["offer" or "answer"])
{
    Console.Error.WriteLine("Say which side this is: offer or answer.");
    return 2;
}

using var certificate = DtlsCertificate.Create();
await using RtcHost host = RtcHost.Open(new RtcHostOptions { Certificate = certificate, IncludeLoopback = true });
RtcConnection connection = host.CreateConnection();
if (args[0] == "offer")
{
    RtcDataChannel channel = connection.CreateDataChannel("echo");
    WriteDescription(connection.CreateOffer());
    connection.AcceptAnswer(ReadDescription());
    await channel.Opened;
    while (Console.ReadLine() is { } line)
    {
        await channel.SendAsync(Encoding.UTF8.GetBytes(line), isText: true);
        using RtcMessage? echo = await channel.ReceiveAsync();
        Console.WriteLine(echo is null ? "The channel was closed." : Encoding.UTF8.GetString(echo.Data.Span));
    }

    channel.Close();
    await channel.Closed;
}
else
{
    WriteDescription(connection.AcceptOffer(ReadDescription()));
    await foreach (RtcEvent e in connection.Events.ReadAllAsync())
    {
        if (e.IncomingChannel is { } channel)
        {
            await EchoAsync(channel);
            break;
        }
    }
}

await connection.DisposeAsync();
return 0;

static async Task EchoAsync(RtcDataChannel channel)
{
    while (await channel.ReceiveAsync() is { } message)
    {
        using (message)
        {
            await channel.SendAsync(message.Data, message.IsText);
        }
    }
}

// Descriptions have many lines; one line is easier to carry.
static void WriteDescription(string sdp) => Console.WriteLine(Convert.ToBase64String(Encoding.UTF8.GetBytes(sdp)));

static string ReadDescription() => Encoding.UTF8.GetString(Convert.FromBase64String(Console.ReadLine() ?? throw new EndOfStreamException("The other side's line is missing.")));
