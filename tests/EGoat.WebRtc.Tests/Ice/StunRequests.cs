using System.Text;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Tests.Ice;

/// <summary>Connectivity checks as somebody writes them who has seen an agent's description.</summary>
internal static class StunRequests
{
    private static ulong s_id;

    /// <param name="buffer">Where it is written.</param>
    /// <param name="receiver">The credentials of the agent that it is for.</param>
    /// <param name="sender">The user fragment of the one that it is from.</param>
    /// <param name="role">ICE-CONTROLLING or ICE-CONTROLLED.</param>
    /// <param name="tieBreaker">Its value.</param>
    public static int Write(Span<byte> buffer, IceCredentials receiver, string sender, StunAttributeType role = StunAttributeType.IceControlled, ulong tieBreaker = 0)
    {
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(7, Interlocked.Increment(ref s_id)));
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes($"{receiver.UsernameFragment}:{sender}"));
        writer.Add(StunAttributeType.Priority, 0x6E0001FFu);
        writer.Add(role, tieBreaker);
        return writer.Finish(Encoding.ASCII.GetBytes(receiver.Password));
    }
}
