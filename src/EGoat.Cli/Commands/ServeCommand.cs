using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Signaling;
using EGoat.Web;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat serve</c>: the signaling server and the page, until stopped.</summary>
internal static class ServeCommand
{
    public static Command Create(StopSignals signals)
    {
        var common = new CommonOptions();
        var listen = new Option<IPEndPoint>("--listen")
        {
            Description = $"Where to listen (default 127.0.0.1:{SignalingServerOptions.DefaultPort}; port 0 takes a free one). Off loopback it is https with a certificate of its own.",
            HelpName = "ADDRESS:PORT",
            DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, SignalingServerOptions.DefaultPort),
            CustomParser = result =>
            {
                if (IPEndPoint.TryParse(result.Tokens[0].Value, out IPEndPoint? parsed))
                {
                    return parsed;
                }

                result.AddError($"'{result.Tokens[0].Value}' is not ADDRESS:PORT, such as 127.0.0.1:4747.");
                return null!;
            },
        };
        var iceServers = CommonOptions.CreateIceServer("A STUN or TURN server that peers are told of, as turn:USER:PASSWORD@HOST; repeatable.");
        var insecure = new Option<bool>("--insecure-http") { Description = "Plain http off loopback. Browsers then lack what files and identity need." };
        var command = new Command("serve", "Run the signaling server and the page until stopped.") { listen, iceServers, insecure };
        common.AddNodeOptions(command);
        command.Options.Add(common.Trace);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            async () =>
            {
                if (result.GetValue(common.Json))
                {
                    common.WarnTo = text => Console.WriteLine(EventJson.Warning(text));
                }

                EGoatNode node = common.OpenNode(result);
                await using (node.ConfigureAwait(false))
                {
                    SignalingServer server = await node.StartSignalingAsync(
                        new SignalingServerOptions
                        {
                            Listen = result.GetRequiredValue(listen),
                            InsecureHttp = result.GetValue(insecure),
                            Hub = new SignalingHubOptions { IceServers = IceServerEntries.From(CommonOptions.ParseIceServers(result.GetValue(iceServers) ?? [])) },
                        },
                        cancellationToken).ConfigureAwait(false);
                    Console.WriteLine(result.GetValue(common.Json)
                        ? EventJson.Object(new JsonObject { ["event"] = "listening", ["url"] = server.Url.ToString(), ["page"] = server.Page })
                        : $"Peers join {server.Url}\nYour page is {server.Page}\nStop with Ctrl+C.");
                    await Console.Out.FlushAsync(cancellationToken).ConfigureAwait(false);
                    await server.Stopped.WaitAsync(cancellationToken).ConfigureAwait(false);
                    return ExitCode.Done;
                }
            },
            signals,
            result.GetValue(common.Json) ? Console.Out : null,
            runsUntilStopped: true));
        return command;
    }
}
