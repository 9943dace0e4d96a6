using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using EGoat.Testing;
using Xunit.Abstractions;

namespace EGoat.Cli.Tests.Outages;

/// <summary>
/// A room on a network: the server on a host of its own, ada and carla on a second one, bob and dora on a third one, to which
/// outages happen. Ada and bob chat and take files; carla sends a file to bob, and dora sends one to ada.
/// </summary>
public abstract class OutageTest(ITestOutputHelper output) : ProgramTest
{
    private protected static readonly AddressFamily[] BothFamilies = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    /// <summary>A server of which nothing was heard for so long counts as lost.</summary>
    private protected static readonly TimeSpan ServerSilence = TimeSpan.FromSeconds(30);

    /// <summary>After the end of an outage, everything is well again within this time.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(15);

    /// <summary>For what is not measured.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Bytes of a file each second: so slow that it is under way for as long as it is looked at.</summary>
    private const int FileRate = 512 * 1024;

    /// <summary>What a sender may have sent to nobody.</summary>
    private static readonly TimeSpan BufferTime = TimeSpan.FromSeconds(20);

    private readonly SwitchedNetwork _network = new();
    private readonly Pulse _pulse = new();
    private readonly List<ObservedProcess> _observed = [];
    private string _url = "";
    private string _timeout = "";
    private SwitchedHost _newcomersHost = null!;

    /// <summary>The host of bob and dora.</summary>
    private protected SwitchedHost BobsHost { get; private set; } = null!;

    private protected CliProcess Server { get; private set; } = null!;

    private protected ObservedProcess Ada { get; private set; } = null!;

    private protected ObservedProcess Bob { get; private set; } = null!;

    private protected ObservedProcess Carla { get; private set; } = null!;

    private protected ObservedProcess Dora { get; private set; } = null!;

    private protected ObservedProcess[] Members => [Ada, Bob, Carla, Dora];

    /// <summary>All but those that are done with their file.</summary>
    private IEnumerable<ObservedProcess> Present => Members.Where(m => !m.HasEnded);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _network.Dispose();
    }

    /// <summary>Has everybody meet.</summary>
    /// <param name="outage">How long the outage will be.</param>
    /// <param name="sparesMembers">Whether files go on meanwhile.</param>
    /// <param name="families">The addresses that hosts have.</param>
    private protected Task MeetAsync(TimeSpan outage, bool sparesMembers, params AddressFamily[] families) =>
        TellOnFailureAsync(() => StartAsync(outage, sparesMembers, families));

    /// <summary>Has an outage come and go, and then expects that everybody and everything is there again.</summary>
    private protected Task SurviveAsync(Outage outage) => TellOnFailureAsync(() => PassThroughAsync(outage));

    private async Task StartAsync(TimeSpan outage, bool sparesMembers, AddressFamily[] families)
    {
        SwitchedHost serversHost = _network.AddHost(families);
        SwitchedHost adasHost = _network.AddHost(families);
        BobsHost = _network.AddHost(families);
        _newcomersHost = _network.AddHost(families);
        _timeout = $"{(outage + Limit).TotalSeconds:F0}";
        string address = SwitchedNetwork.GetAddress(families[0], 1);
        Server = StartOn(serversHost, "server", "serve", "--listen", families[0] == AddressFamily.InterNetworkV6 ? $"[{address}]:0" : $"{address}:0", "--json");
        _url = (string)(await Server.ReadEventAsync("listening"))["url"]!;
        Ada = Chat(adasHost, "ada");
        Bob = Chat(BobsHost, "bob");
        await Ada.WaitUntilAsync(() => Ada.Present is ["bob"] && Bob.Present is ["ada"], "connected to bob", Limit);

        // What is left of the files when the outage is over has to last for longer than the recovery may take.
        // A sender that reaches nobody goes on for as long as its buffers take.
        TimeSpan meanwhile = sparesMembers || outage < BufferTime ? outage : BufferTime;
        TimeSpan underWay = meanwhile + Recovery + TimeSpan.FromSeconds(3);
        Carla = Send(adasHost, "carla", "bob", underWay);
        Dora = Send(BobsHost, "dora", "ada", underWay);
        await ExpectMembersAsync(Limit);
        await Task.WhenAll(ExpectProgressAsync(Ada, 0, Limit), ExpectProgressAsync(Bob, 0, Limit));
    }

    private async Task PassThroughAsync(Outage outage)
    {
        outage.Begin();
        Ada.WriteLine("from ada meanwhile");
        Bob.WriteLine("from bob meanwhile");
        Task lasting = Task.Delay(outage.Duration);
        if (outage.SparesMembers)
        {
            await Task.WhenAll(ExpectTextsAsync("meanwhile", Recovery));
        }

        await lasting;
        int[] marks = [Ada.Count, Bob.Count];
        outage.End();
        long end = Stopwatch.GetTimestamp();
        ObservedProcess eve = Chat(_newcomersHost, "eve");
        await Task.WhenAll(
            MeasureMembersAsync(end),
            MeasureNewcomerAsync(eve),
            MeasureAsync("texts", end, left => Task.WhenAll(ExpectTextsAsync("meanwhile", left))),
            MeasureAsync("files", end, left => Task.WhenAll(ExpectProgressAsync(Ada, marks[0], left), ExpectProgressAsync(Bob, marks[1], left))),
            MeasureAsync("server", end, left => Ada.WaitUntilAsync(() => Present.All(m => IsJoined(m, outage)), "everybody has joined again", left)));
        await Task.WhenAll(ExpectFileAsync(Ada, Dora), ExpectFileAsync(Bob, Carla));
        foreach (ObservedProcess chat in (ObservedProcess[])[Ada, Bob, eve])
        {
            chat.WriteLine("/quit");
            Assert.True(await chat.Ended.WaitAsync(Limit) == 0, $"{chat.Name} ended with {chat.Ended.Result}.");
        }

        string[] texts = ["meanwhile", "afterwards"];
        Assert.Equal(texts.Select(t => $"from bob {t}"), Ada.Find("message").Select(m => (string)m["text"]!));
        Assert.Equal(texts.Select(t => $"from ada {t}"), Bob.Find("message").Select(m => (string)m["text"]!));
    }

    private async Task TellOnFailureAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception)
        {
            _observed.ForEach(o => output.WriteLine(o.Describe()));
            throw;
        }
    }

    private static bool IsJoined(ObservedProcess member, Outage outage)
    {
        string[] states = [.. member.Find("state").Select(s => (string)s["state"]!)];
        return states is [] ? !outage.LoseServer.Contains(member) : states[^1] == "Joined" && states.Contains("Reconnecting");
    }

    private IEnumerable<Task> ExpectTextsAsync(string when, TimeSpan limit) => [ExpectTextAsync(Ada, Bob, when, limit), ExpectTextAsync(Bob, Ada, when, limit)];

    // It is here, and its sender knows that everybody has it.
    private async Task ExpectTextAsync(ObservedProcess from, ObservedProcess to, string when, TimeSpan limit)
    {
        string text = $"from {from.Name} {when}";
        await to.WaitUntilAsync(() => to.Find("message").Any(IsIt), $"the text '{text}'", limit);
        string id = (string)to.Find("message").First(IsIt)["id"]!;
        await from.WaitUntilAsync(
            () => !Present.Where(m => m != from).Select(m => m.Name).Except(from.Find("delivery").Where(IsConfirmed).Select(d => (string)d["peer"]!)).Any(),
            $"everybody confirms '{text}'",
            limit);

        bool IsIt(JsonObject message) => (string?)message["text"] == text;

        bool IsConfirmed(JsonObject delivery) => (string?)delivery["messageId"] == id && (string?)delivery["state"] == "Confirmed";
    }

    // At one moment: who has slept learns only then whom it has lost.
    private Task ExpectMembersAsync(TimeSpan limit) => Ada.WaitUntilAsync(() => Present.All(SeesEverybody), "everybody is connected to everybody", limit);

    private bool SeesEverybody(ObservedProcess process) => !Present.Where(m => m != process).Select(m => m.Name).Except(process.Present).Any();

    // More of its file arrives than had at a moment.
    private static Task ExpectProgressAsync(ObservedProcess receiver, int mark, TimeSpan limit)
    {
        long before = receiver.Find("progress").Take(receiver.Find("progress").Count() - receiver.Find("progress", mark).Count()).Select(GetBytes).DefaultIfEmpty(0).Max();
        return receiver.WaitUntilAsync(() => receiver.Find("progress", mark).Any(p => GetBytes(p) > before), $"more than {before:N0} bytes of the file", limit);
    }

    private static long GetBytes(JsonObject progress) => progress["running"]!.AsArray().Select(t => (long)t!["bytes"]!).Sum();

    private async Task ExpectFileAsync(ObservedProcess receiver, ObservedProcess sender)
    {
        await receiver.WaitUntilAsync(() => receiver.Find("transfer").Any(IsCompleted), "the whole file", Limit);
        JsonObject transfer = Assert.Single(receiver.Find("transfer"), IsCompleted);
        Assert.Equal(TestFile.HashOf(Path.Combine(Folder, $"{sender.Name}.bin")), TestFile.HashOf((string)transfer["path"]!));
        Assert.True(await sender.Ended.WaitAsync(Limit) == 0, $"{sender.Name} ended with {sender.Ended.Result}.");

        static bool IsCompleted(JsonObject transfer) => (string?)transfer["state"] == "Completed";
    }

    private async Task MeasureAsync(string what, long since, Func<TimeSpan, Task> action)
    {
        TimeSpan left = Recovery - Stopwatch.GetElapsedTime(since);
        await action(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        output.WriteLine($"{what}: {Stopwatch.GetElapsedTime(since).TotalSeconds:F1} s");
    }

    // Who is called connected may have been so all the time, unnoticed: a text shows it.
    private async Task MeasureMembersAsync(long end)
    {
        await MeasureAsync("members", end, ExpectMembersAsync);
        Ada.WriteLine("from ada afterwards");
        Bob.WriteLine("from bob afterwards");
        await MeasureAsync("texts of afterwards", end, left => Task.WhenAll(ExpectTextsAsync("afterwards", left)));
    }

    // From when it has joined: how long a process takes to start is the machine's affair.
    private async Task MeasureNewcomerAsync(ObservedProcess newcomer)
    {
        await newcomer.WaitUntilAsync(() => newcomer.Find("joined").Any(), "joined", Limit);
        await MeasureAsync("newcomer", Stopwatch.GetTimestamp(), left => newcomer.WaitUntilAsync(() => SeesEverybody(newcomer), "connected to everybody", left));
    }

    private ObservedProcess Chat(SwitchedHost host, string name) =>
        Observe(name, StartOn(host, name, "chat", "--server", _url, "--room", "lobby", "--name", name, "--output", Path.Combine(Folder, $"{name}-inbox"), "--commands", "--timeout", _timeout, "--json"));

    private ObservedProcess Send(SwitchedHost host, string name, string to, TimeSpan underWay)
    {
        string path = TestFile.Create(Folder, $"{name}.bin", (long)(FileRate * underWay.TotalSeconds)).Path;
        return Observe(name, StartOn(host, name, "send", "--server", _url, "--room", "lobby", "--name", name, "--peers", "2", "--to", to, "--max-rate", $"{FileRate}", "--timeout", _timeout, "--json", path));
    }

    private ObservedProcess Observe(string name, CliProcess process)
    {
        var observed = new ObservedProcess(process, name, _pulse);
        _observed.Add(observed);
        return observed;
    }

    private CliProcess StartOn(SwitchedHost host, string name, params string[] arguments)
    {
        CliProcess process = CliProcess.StartIn(NetworkHosts.On(host.Name), Home(name), arguments);
        Keep(process);
        return process;
    }
}
