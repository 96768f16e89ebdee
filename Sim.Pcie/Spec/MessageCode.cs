namespace Sim.Pcie.Spec;

/// <summary>Message Code, byte 7 of a Message header (§2.2.8, Appendix F); other values are reserved.</summary>
public enum MessageCode : byte
{
    /// <summary>Unlock (§2.2.8.4).</summary>
    Unlock = 0x00,

    /// <summary>ATS Invalidate Request (§10.3.1).</summary>
    InvalidateRequest = 0x01,

    /// <summary>ATS Invalidate Completion (§10.3.2).</summary>
    InvalidateCompletion = 0x02,

    /// <summary>Page Request (§10.4.1).</summary>
    PageRequest = 0x04,

    /// <summary>Page Request Group Response (§10.4.2).</summary>
    PrgResponse = 0x05,

    /// <summary>Latency Tolerance Reporting (§2.2.8.8).</summary>
    Ltr = 0x10,

    /// <summary>Optimized Buffer Flush/Fill (§2.2.8.9).</summary>
    Obff = 0x12,

    /// <summary>PM_Active_State_Nak (§2.2.8.2).</summary>
    PmActiveStateNak = 0x14,

    /// <summary>PM_PME (§2.2.8.2).</summary>
    PmPme = 0x18,

    /// <summary>PME_Turn_Off (§2.2.8.2).</summary>
    PmeTurnOff = 0x19,

    /// <summary>PME_TO_Ack (§2.2.8.2).</summary>
    PmeToAck = 0x1B,

    /// <summary>Assert_INTA (§2.2.8.1).</summary>
    AssertIntA = 0x20,

    /// <summary>Assert_INTB.</summary>
    AssertIntB = 0x21,

    /// <summary>Assert_INTC.</summary>
    AssertIntC = 0x22,

    /// <summary>Assert_INTD.</summary>
    AssertIntD = 0x23,

    /// <summary>Deassert_INTA.</summary>
    DeassertIntA = 0x24,

    /// <summary>Deassert_INTB.</summary>
    DeassertIntB = 0x25,

    /// <summary>Deassert_INTC.</summary>
    DeassertIntC = 0x26,

    /// <summary>Deassert_INTD.</summary>
    DeassertIntD = 0x27,

    /// <summary>ERR_COR (§2.2.8.3).</summary>
    ErrCor = 0x30,

    /// <summary>ERR_NONFATAL (§2.2.8.3).</summary>
    ErrNonFatal = 0x31,

    /// <summary>ERR_FATAL (§2.2.8.3).</summary>
    ErrFatal = 0x33,

    /// <summary>Attention_Indicator_Off, ignored since revision 1.1 (§2.2.8.7).</summary>
    AttentionIndicatorOff = 0x40,

    /// <summary>Attention_Indicator_On, ignored.</summary>
    AttentionIndicatorOn = 0x41,

    /// <summary>Attention_Indicator_Blink, ignored.</summary>
    AttentionIndicatorBlink = 0x43,

    /// <summary>Power_Indicator_Off, ignored.</summary>
    PowerIndicatorOff = 0x44,

    /// <summary>Power_Indicator_On, ignored.</summary>
    PowerIndicatorOn = 0x45,

    /// <summary>Power_Indicator_Blink, ignored.</summary>
    PowerIndicatorBlink = 0x47,

    /// <summary>Attention_Button_Pressed, ignored.</summary>
    AttentionButtonPressed = 0x48,

    /// <summary>Set_Slot_Power_Limit (§2.2.8.5).</summary>
    SetSlotPowerLimit = 0x50,

    /// <summary>PTM Request (§2.2.8.10).</summary>
    PtmRequest = 0x52,

    /// <summary>PTM Response without, ResponseD with data (§2.2.8.10).</summary>
    PtmResponse = 0x53,

    /// <summary>IDE Sync (§2.2.8.11, §6.33).</summary>
    IdeSync = 0x54,

    /// <summary>IDE Fail (§2.2.8.11, §6.33).</summary>
    IdeFail = 0x55,

    /// <summary>Vendor_Defined Type 0: an unsupporting Receiver reports UR (§2.2.8.6).</summary>
    VendorDefined0 = 0x7E,

    /// <summary>Vendor_Defined Type 1: an unsupporting Receiver discards it silently (§2.2.8.6).</summary>
    VendorDefined1 = 0x7F,
}
