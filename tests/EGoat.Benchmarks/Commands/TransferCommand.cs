using System.CommandLine;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;
using EGoat.WebRtc;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>transfer</c>: a file from one egoat process to another, beside a plain TCP copy and scp.</summary>
internal static class TransferCommand
{
    private const string Benchmark = "transfer";

    public static Command Create()
    {
        Option<int> mib = CommandOptions.Number("--mib", 1024, "The size of the file in MiB");
        Option<int> runs = CommandOptions.Runs(5);
        Option<string?> program = CommandOptions.Program();
        var media = new MediumOptions();
        var command = new Command(Benchmark, "A file from one egoat process to another; baselines: a plain TCP copy, scp.") { mib, runs, media.Medium, media.Disk, program };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            foreach ((ScratchFolder folder, bool isSynced) in media.CreateFolders(result))
            {
                using (folder)
                {
                    await RunAsync(folder, isSynced, result.GetValue(mib), result.GetValue(runs), Programs.EGoat(result.GetValue(program)), cancellationToken);
                }
            }
        });
        return command;
    }

    private static async Task RunAsync(ScratchFolder folder, bool isSynced, int mib, int runs, string[] program, CancellationToken cancellationToken)
    {
        var series = new Series(Benchmark, ("fileSystem", folder.FileSystem), ("synced", isSynced), ("mib", mib));
        string file = folder.CreateFile("goat.bin", mib);
        using EGoatSetup egoat = await EGoatSetup.StartAsync(program, folder.Path, cancellationToken);
        using SshServer? ssh = await TryStartSshAsync(folder.Sub("ssh"), cancellationToken);
        for (int run = 0; run < runs; run++)
        {
            series.Add("egoat", (await egoat.SendAsync(file, 1, null, cancellationToken)).ToFigures(mib));
            series.Add("egoat-1200", (await egoat.SendAsync(file, 1, PeerConnection.BaseDatagramSize, cancellationToken)).ToFigures(mib));
            series.Add("egoat-no-gso", (await egoat.SendAsync(file, 1, null, cancellationToken, ("EGOAT_GSO", "off"))).ToFigures(mib));
            series.Add("tcp", (await TcpCopy.RunAsync(file, folder.Path, 1, isSynced, cancellationToken)).ToFigures(mib));
            if (ssh is not null)
            {
                string target = folder.Sub("scp.bin");
                CopyResult copied = await ssh.CopyAsync(file, target, isSynced, cancellationToken);
                series.Add("scp", [.. copied.ToFigures(mib).Where(f => !f.Name.EndsWith("PeakMib", StringComparison.Ordinal)), ("connectSeconds", ssh.ConnectSeconds)]);
                File.Delete(target);
            }
        }

        series.Summarize("mibPerSecond", "tcp", "scp");
    }

    private static async Task<SshServer?> TryStartSshAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await SshServer.StartAsync(folder, cancellationToken);
        }
        catch (InvalidOperationException e)
        {
            JsonLines.Skip(Benchmark, "scp", e.Message);
            return null;
        }
    }
}
