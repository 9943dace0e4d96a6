using EGoat.Testing;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>A test that needs the programs of GnuTLS: skipped, with the package's name as the reason, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GnuTlsFactAttribute : FactAttribute
{
    public GnuTlsFactAttribute()
    {
        if (ProgramFactAttribute.Find("gnutls-cli") is null || ProgramFactAttribute.Find("gnutls-serv") is null)
        {
            Skip = "gnutls-cli and gnutls-serv are not on PATH: the package gnutls-bin has them.";
        }
    }
}
