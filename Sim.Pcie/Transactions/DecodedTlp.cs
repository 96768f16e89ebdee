using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>Where the parts of a well-formed TLP lie in the DWs that were decoded, and what is odd about it.</summary>
public struct DecodedTlp
{
    /// <summary>The header.</summary>
    public TlpHeader Header;

    /// <summary>TLP Prefixes in front of the header, one DW each: the first DWs.</summary>
    public int PrefixCount;

    /// <summary>Payload DWs behind the header; 0 where only the header was given, whatever its Length says.</summary>
    public int PayloadDwords;

    /// <summary>The last DW is a TLP Digest.</summary>
    public bool HasDigest;

    /// <summary>What a Receiver would not call malformed.</summary>
    public TlpWarnings Warnings;

    /// <summary>Index of the first payload DW.</summary>
    public readonly int PayloadStart => PrefixCount + Header.HeaderDwords;
}
