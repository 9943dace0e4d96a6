using System.CommandLine;
using System.Globalization;

namespace EGoat.Benchmarks.Workers;

/// <summary>The roles that this program plays in processes of their own; for itself, hence not in the help.</summary>
internal static class WorkerCommand
{
    private static readonly Option<string> PathOption = new("--path") { Required = true };
    private static readonly Option<string> Link = new("--link") { Required = true };
    private static readonly Option<int> Count = new("--count");
    private static readonly Option<bool> Load = new("--load");
    private static readonly Option<int> MessageBytes = new("--message-bytes") { Required = true };
    private static readonly Option<long> WarmUpBytes = new("--warm-up-bytes") { Required = true };
    private static readonly Option<long> Bytes = new("--bytes") { Required = true };
    private static readonly Option<string> Server = new("--server") { Required = true };
    private static readonly Option<string> Room = new("--room") { Required = true };

    public static Command Create() => new("worker", "A process of a benchmark.")
    {
        CreateCopyReceive(),
        CreateCopySend(),
        CreateEngineBulk(),
        CreateRoomPing(),
        Role("bulk-send", [Link, MessageBytes, WarmUpBytes, Bytes], (r, c) => BulkWorker.SendAsync(r.GetRequiredValue(Link), r.GetValue(MessageBytes), r.GetValue(WarmUpBytes), r.GetValue(Bytes), c)),
        Role("bulk-receive", [Link, MessageBytes, WarmUpBytes, Bytes], (r, c) => BulkWorker.ReceiveAsync(r.GetRequiredValue(Link), r.GetValue(MessageBytes), r.GetValue(WarmUpBytes), r.GetValue(Bytes), c)),
        Role("ping", [Link, Count, Load], (r, c) => PingWorker.PingAsync(r.GetRequiredValue(Link), r.GetValue(Count), r.GetValue(Load), c)),
        Role("pong", [Link, Load], (r, c) => PingWorker.PongAsync(r.GetRequiredValue(Link), r.GetValue(Load), c)),
        Role("idle-near", [Link, Count], (r, c) => IdleWorker.NearAsync(r.GetRequiredValue(Link), r.GetValue(Count), c)),
        Role("idle-far", [Link, Count], (r, c) => IdleWorker.FarAsync(r.GetRequiredValue(Link), r.GetValue(Count), c)),
        Role("mesh-room", [Count, PathOption], (r, c) => MeshWorker.RunRoomAsync(r.GetValue(Count), r.GetRequiredValue(PathOption), c)),
        Role("mesh-tls", [Count], (r, c) => MeshWorker.RunTlsAsync(r.GetValue(Count), c)),
        Role("room-pong", [Server, Room, PathOption], (r, c) => RoomPingWorker.PongAsync(r.GetRequiredValue(Server), r.GetRequiredValue(Room), r.GetRequiredValue(PathOption), c)),
    };

    private static Command CreateCopyReceive()
    {
        var sync = new Option<bool>("--sync");
        return Role("copy-receive", [PathOption, sync], (r, _) => Run(() => CopyWorker.Receive(r.GetRequiredValue(PathOption), r.GetValue(sync))));
    }

    private static Command CreateCopySend()
    {
        var ports = new Option<string>("--ports") { Required = true };
        return Role("copy-send", [PathOption, ports], (r, _) => Run(() => CopyWorker.Send(
            r.GetRequiredValue(PathOption), [.. r.GetRequiredValue(ports).Split(',').Select(p => int.Parse(p, CultureInfo.InvariantCulture))])));
    }

    private static Command CreateEngineBulk()
    {
        var loss = new Option<double>("--loss");
        var maxPacket = new Option<int>("--max-packet") { Required = true };
        return Role("engine-bulk", [MessageBytes, WarmUpBytes, Bytes, loss, maxPacket], (r, _) => Run(() => EngineWorker.Run(r.GetValue(MessageBytes), r.GetValue(WarmUpBytes), r.GetValue(Bytes), r.GetValue(loss), r.GetValue(maxPacket))));
    }

    private static Command CreateRoomPing()
    {
        var file = new Option<string?>("--file");
        return Role("room-ping", [Server, Room, PathOption, Count, file], (r, c) => RoomPingWorker.PingAsync(
            r.GetRequiredValue(Server), r.GetRequiredValue(Room), r.GetRequiredValue(PathOption), r.GetValue(Count), r.GetValue(file), c));
    }

    private static Command Role(string name, Option[] options, Func<ParseResult, CancellationToken, Task> action)
    {
        var command = new Command(name);
        Array.ForEach(options, command.Options.Add);
        command.SetAction(action);
        return command;
    }

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
