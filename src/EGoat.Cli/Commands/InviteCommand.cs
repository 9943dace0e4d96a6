using System.CommandLine;
using System.Text.Json.Nodes;
using EGoat.Cli.Output;
using EGoat.Keys;
using EGoat.Mesh;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat invite</c>: a room with a key of its own, as a link for those who are to be in it.</summary>
internal static class InviteCommand
{
    public static Command Create(StopSignals signals)
    {
        var common = new CommonOptions();
        var label = new Option<string>("--label") { Description = "What people call the room; the server never learns it (default: room).", HelpName = "NAME", DefaultValueFactory = _ => "room" };
        var command = new Command("invite", "Make a link to a new room that only those who have the link can join. The server cannot.") { common.Server, label, common.Data, common.Json };
        command.SetAction((result, _) => Program.RunAsync(
            () =>
            {
                string name = result.GetRequiredValue(label);
                if (!RoomName.TryParse(name, out name))
                {
                    throw new CommandException(ExitCode.Usage, "--label has 1 to 64 letters, digits, '-', '_' or '.'.");
                }

                using RoomKey key = RoomKey.Create();
                RoomLink link;
                try
                {
                    link = RoomLink.Create(common.GetServer(result), name, key);
                }
                catch (FormatException e)
                {
                    throw new CommandException(ExitCode.Usage, e.Message);
                }

                if (result.GetValue(common.Json))
                {
                    Console.WriteLine(EventJson.Object(new JsonObject { ["event"] = "invite", ["room"] = link.Label, ["link"] = link.Reveal() }));
                    return Task.FromResult(ExitCode.Done);
                }

                Console.WriteLine(link.Reveal());
                Console.Error.WriteLine("Whoever has this link can join: give it only to those who are to be there. They join with --room 'LINK', or with EGOAT_ROOM='LINK' where others could see the list of processes.");
                return Task.FromResult(ExitCode.Done);
            },
            signals));
        return command;
    }
}
