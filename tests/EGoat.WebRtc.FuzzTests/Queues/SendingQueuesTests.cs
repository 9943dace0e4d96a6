using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Tx;
using FsCheck;
using FsCheck.Fluent;

namespace EGoat.WebRtc.FuzzTests.Queues;

/// <summary>SendQueue and RetransmissionQueue together with a receiver behind a network that loses and reorders.</summary>
public sealed class SendingQueuesTests
{
    private const long InitialTsn = uint.MaxValue - 10L;

    /// <summary>What is done next, and a number that it depends on.</summary>
    private static readonly Gen<(int, int)[]> Commands = Gen.Choose(0, 11).Zip(Gen.Choose(0, 1000)).ArrayOf();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Everything_that_is_not_given_up_arrives_and_nothing_is_counted_twice(bool isInterleaved) => FuzzRun.Check(Commands, FuzzRun.ShrinkArray, commands =>
    {
        var model = new SendingModel(InitialTsn, isInterleaved);
        foreach ((int command, int number) in commands)
        {
            switch (command)
            {
                case 0 or 1:
                    model.Enqueue((ushort)(number % 3), 1 + (number % 50), isUnordered: number % 5 == 0, maxRetransmits: number % 7 == 0 ? 0 : null);
                    break;
                case 2 or 3 or 4:
                    model.SendFragment(1 + (number % 20));
                    break;
                case 5 or 6:
                    model.Arrive(number);
                    break;
                case 7:
                    model.Lose(number);
                    break;
                case 8 or 9:
                    model.Acknowledge();
                    break;
                case 10:
                    model.Retransmit();
                    break;
                default:
                    model.Expire(number);
                    break;
            }

            model.Check();
        }

        model.Finish();
    }, 3000);

    [Fact]
    public void A_SACK_of_what_was_never_sent_changes_nothing()
    {
        var queue = new SendQueue();
        var outstanding = new RetransmissionQueue(InitialTsn, queue, canAbandon: true);
        OutboundMessage message = queue.Enqueue(0, 51, new byte[10], false, null, null);
        outstanding.Add(TimeSpan.Zero, message, 0, 10, 3, 0);
        foreach (uint[] words in (ReadOnlySpan<uint[]>)[[unchecked((uint)InitialTsn + 1), 0, 0], [unchecked((uint)InitialTsn - 2), 0, 0], [unchecked((uint)InitialTsn - 1), 0, 1 << 16, 0x0000_0001], [unchecked((uint)InitialTsn - 1), 0, 1 << 16, 0x0002_0001], [unchecked((uint)InitialTsn - 1), 0, 1 << 16, 0x0001_FFFF]])
        {
            Assert.True(SackChunk.TryParse(SctpChunks.Words(words), out SackChunk sack));
            Assert.False(outstanding.HandleSack(TimeSpan.Zero, sack).IsValid);
            Assert.Equal((10, InitialTsn - 1), (outstanding.FlightSize, outstanding.CumulativeTsnAck));
        }
    }
}
