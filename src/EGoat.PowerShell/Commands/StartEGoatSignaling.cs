using System.Management.Automation;
using System.Net;
using EGoat.Mesh;
using EGoat.Signaling;
using EGoat.Web;

namespace EGoat.PowerShell.Commands;

/// <summary>Starts a signaling server in this process; it runs until it is stopped or pwsh ends.</summary>
/// <example>
/// <code>
/// $server = Start-EGoatSignaling
/// $server | Join-EGoatRoom lobby -Background
/// </code>
/// Starts a server for this machine and joins a room on it. $server.Page is the address for a browser.
/// </example>
/// <example>
/// <code>
/// Start-EGoatSignaling -ListenAddress 192.168.1.10
/// </code>
/// Serves the network at an address of this machine, over https with a certificate that the URL names.
/// </example>
[Cmdlet(VerbsLifecycle.Start, "EGoatSignaling", SupportsShouldProcess = true)]
[OutputType(typeof(EGoatSignaling))]
public sealed class StartEGoatSignaling : EGoatCmdlet
{
    /// <summary>The port; 0 takes a free one.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(0, 65535)]
    public int Port { get; set; } = SignalingServerOptions.DefaultPort;

    /// <summary>The address; off loopback it is https with a certificate of its own.</summary>
    [Parameter]
    public IPAddress ListenAddress { get; set; } = IPAddress.Loopback;

    /// <summary>STUN and TURN servers that peers are told of, as <c>turn:USER:PASSWORD@HOST</c>.</summary>
    [Parameter]
    public string[] IceServer { get; set; } = [];

    /// <summary>Plain http off loopback.</summary>
    [Parameter]
    public SwitchParameter InsecureHttp { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var listen = new IPEndPoint(ListenAddress, Port);
        if (ShouldProcess(listen.ToString(), "Start a signaling server"))
        {
            var options = new SignalingServerOptions { Listen = listen, InsecureHttp = InsecureHttp, Hub = new SignalingHubOptions { IceServers = IceServerEntries.From(ParseIceServers(IceServer)) } };
            WriteObject(Await(GetNode().StartSignalingAsync(options, StopToken), listen));
        }
    }
}
