namespace Sim.Pcie.Spec;

/// <summary>
/// The DLLP types of non-FLIT mode (§3.5.1, Table 3-5); of the flow-control ones the low three bits are the Virtual Channel.
/// </summary>
public enum DllpType : byte
{
    /// <summary>Ack.</summary>
    Ack = 0x00,

    /// <summary>MRInit, deprecated MR-IOV.</summary>
    MRInit = 0x01,

    /// <summary>Data Link Feature.</summary>
    DataLinkFeature = 0x02,

    /// <summary>Nak.</summary>
    Nak = 0x10,

    /// <summary>PM_Enter_L1.</summary>
    PmEnterL1 = 0x20,

    /// <summary>PM_Enter_L23.</summary>
    PmEnterL23 = 0x21,

    /// <summary>PM_Active_State_Request_L1.</summary>
    PmActiveStateRequestL1 = 0x23,

    /// <summary>PM_Request_Ack.</summary>
    PmRequestAck = 0x24,

    /// <summary>Vendor-Specific.</summary>
    VendorSpecific = 0x30,

    /// <summary>NOP.</summary>
    Nop = 0x31,

    /// <summary>InitFC1-P.</summary>
    InitFC1P = 0x40,

    /// <summary>InitFC1-NP.</summary>
    InitFC1NP = 0x50,

    /// <summary>InitFC1-Cpl.</summary>
    InitFC1Cpl = 0x60,

    /// <summary>MRInitFC1, deprecated MR-IOV.</summary>
    MRInitFC1 = 0x70,

    /// <summary>UpdateFC-P.</summary>
    UpdateFCP = 0x80,

    /// <summary>UpdateFC-NP.</summary>
    UpdateFCNP = 0x90,

    /// <summary>UpdateFC-Cpl.</summary>
    UpdateFCCpl = 0xA0,

    /// <summary>MRUpdateFC, deprecated MR-IOV.</summary>
    MRUpdateFC = 0xB0,

    /// <summary>InitFC2-P.</summary>
    InitFC2P = 0xC0,

    /// <summary>InitFC2-NP.</summary>
    InitFC2NP = 0xD0,

    /// <summary>InitFC2-Cpl.</summary>
    InitFC2Cpl = 0xE0,

    /// <summary>MRInitFC2, deprecated MR-IOV.</summary>
    MRInitFC2 = 0xF0,

    /// <summary>Any other encoding: silently ignored by a Receiver (§3.6.2.2).</summary>
    Reserved = 0xFF,
}
