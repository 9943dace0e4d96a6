using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp;

namespace EGoat.WebRtc.FuzzTests.Sctp;

public sealed class SctpFuzzTests
{
    /// <summary>Packets in a row to one association, which most of them end.</summary>
    private const int PacketsPerEpisode = 60;

    public static TheoryData<string> States => [.. Enum.GetNames<SctpState>()];

    [Theory]
    [MemberData(nameof(States))]
    public void Almost_valid_packets_never_throw_nor_leave_the_state_machine(string name)
    {
        SctpState state = Enum.Parse<SctpState>(name);
        int packets = FuzzRun.Packets(PacketShare.SctpStates / Enum.GetValues<SctpState>().Length) + 1;
        for (int episode = 0; packets > 0; episode++)
        {
            packets -= RunEpisode(state, episode);
        }
    }

    private static int RunEpisode(SctpState state, int episode)
    {
        Random random = FuzzRun.Randomness(episode, (int)state);
        var log = new PacketLog($"{state}, episode {episode}");
        var options = new SctpOptions
        {
            EnableInterleaving = random.Next(2) == 0,
            EnableZeroChecksum = random.Next(2) == 0,
            MaxPacketSize = random.Next(2) == 0 ? 512 : 1160,
            MaxMessageSize = 8 * 1024,
            ReceiveWindow = 16 * 1024,
        };
        SctpTarget target = SctpTarget.InState(state, options, random.Next(), log);
        var crafter = new SctpCrafter(random, target);
        bool isReading = random.Next(2) == 0;
        int fed = 0;
        while (fed < PacketsPerEpisode && target.A.EndReason is null)
        {
            Act(target, random, isReading);
            target.Deliver(crafter.NextPacket());
            target.PollA();
            fed++;
        }

        // The ended association is harmless.
        target.Deliver(crafter.NextPacket());
        target.PollA();
        return fed + 1;
    }

    // What the application, the honest peer and the clock do meanwhile.
    private static void Act(SctpTarget target, Random random, bool isReading)
    {
        switch (random.Next(12))
        {
            case 0 or 1:
                target.Now += TimeSpan.FromMilliseconds(random.Next(1500));
                target.HandleTimeout();
                break;
            case 2 when random.Next(4) == 0:
                target.Now += TimeSpan.FromSeconds(31);
                target.HandleTimeout();
                break;
            case 3 or 4 or 5:
                target.Exchange(deliver: random.Next(2) == 0);
                break;
            case 6 or 7 when target.A.State == SctpState.Established:
                foreach (DataChannel channel in target.Channels.Channels.Where(c => c.ReadyState == DataChannelState.Open).ToArray())
                {
                    channel.Send(target.Now, new byte[random.Next(4000)], random.Next(2) == 0);
                }

                break;
            case 8 when random.Next(4) == 0:
                target.Channels.Channels.FirstOrDefault()?.Close();
                break;
            case 9 when target.Z.State == SctpState.Established:
                target.Z.Send(target.Now, (ushort)random.Next(4), PayloadProtocol.Binary, new byte[random.Next(1, 3000)], random.Next(2) == 0, null, random.Next(3) == 0 ? 0 : null);
                break;
            default:
                break;
        }

        foreach (DataChannel channel in isReading ? target.Channels.Channels.ToArray() : [])
        {
            while (channel.TryReceive(out DataChannelMessage message))
            {
                message.Return();
            }
        }

        while (target.Channels.TryPollEvent(out _))
        {
        }
    }
}
