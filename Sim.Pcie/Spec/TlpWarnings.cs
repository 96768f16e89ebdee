namespace Sim.Pcie.Spec;

/// <summary>What is odd about a well-formed TLP: a Receiver takes it, or handles it as something other than malformed.</summary>
[Flags]
public enum TlpWarnings
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Bits that must be 0 are set; a Receiver ignores them (§2.2.1).</summary>
    ReservedBits = 1 << 0,

    /// <summary>EP without a payload: Receiver behaviour is not specified (§2.7.2.1).</summary>
    PoisonWithoutData = 1 << 1,

    /// <summary>64-bit format for an address below 4 GiB: Receiver behaviour is not specified (§2.2.4.1).</summary>
    LowAddressIn64BitFormat = 1 << 2,

    /// <summary>AT is not 00b where it must be; Receivers do not check it (§2.2.7.1, §2.2.8, §2.2.9.1).</summary>
    AddressTypeNotZero = 1 << 3,

    /// <summary>AT is the reserved value 11b (§10.2.1).</summary>
    AddressTypeReserved = 1 << 4,

    /// <summary>A reserved Completion Status: taken as Unsupported Request (§2.3.2).</summary>
    StatusReserved = 1 << 5,

    /// <summary>A Completion with data whose status is not SC (§2.3.1.1).</summary>
    DataWithFailedStatus = 1 << 6,

    /// <summary>BCM is set: only PCI-X Completers do that (§2.2.9.1).</summary>
    ByteCountModified = 1 << 7,

    /// <summary>An undefined Message Code: handled as Unsupported Request (§2.3.1).</summary>
    MessageCodeReserved = 1 << 8,

    /// <summary>A routing, or Msg against MsgD, that this Message Code does not have: handled as Unsupported Request (§2.3.1).</summary>
    MessageCombination = 1 << 9,

    /// <summary>A Message payload of another length than this Message has (§2.2.8).</summary>
    MessageLength = 1 << 10,

    /// <summary>An INTx Message whose Requester ID has a Function other than 0 (§2.2.8.1).</summary>
    IntxFunction = 1 << 11,

    /// <summary>A reserved End-End TLP Prefix type: handled as Unsupported Request or Unexpected Completion (§2.2.10.4).</summary>
    EndEndPrefixReserved = 1 << 12,

    /// <summary>A Translation Request whose Length is odd (§10.2.2).</summary>
    TranslationLength = 1 << 13,

    /// <summary>A hot-plug signalling Message that Receivers ignore (§2.2.8.7).</summary>
    MessageIgnored = 1 << 14,
}
