using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>
/// The rules for Message Requests: what is malformed, and what a Receiver handles as Unsupported Request (§2.2.8, §2.3, §2.3.1).
/// </summary>
internal static class MessageRules
{
    public static TlpRule Check(in TlpHeader header, ref TlpWarnings warnings)
    {
        if (header.At != AddressType.Untranslated)
            warnings |= TlpWarnings.AddressTypeNotZero;
        if (header.MessageRouting == MessageRouting.Gathered && header.MessageCode != MessageCode.PmeToAck)
            return TlpRule.MessageGathered;
        if (MessageTable.Find(header.MessageCode) is not { } spec)
        {
            warnings |= TlpWarnings.MessageCodeReserved;
            return TlpRule.None;
        }
        if (spec.NeedsTc0 && header.Tc != 0)
            return TlpRule.MessageTc;
        var readiness = MessageTable.Readiness(in header);
        if (readiness != ReadinessMessage.None && !IsReadinessMessage(readiness, in header))
            return TlpRule.ReadinessMessage;
        if (!spec.Permits(header.MessageRouting) || header.HasData && spec.Payload == MessagePayload.None
            || !header.HasData && spec.Payload == MessagePayload.Required)
            warnings |= TlpWarnings.MessageCombination;
        else if (header.HasData && spec.LengthDw != 0 && header.LengthDw != spec.LengthDw)
            warnings |= TlpWarnings.MessageLength;
        if (header.MessageCode is >= MessageCode.AssertIntA and <= MessageCode.DeassertIntD && header.RequesterId.Function != 0)
            warnings |= TlpWarnings.IntxFunction;
        if (header.MessageCode is >= MessageCode.AttentionIndicatorOff and <= MessageCode.AttentionButtonPressed)
            warnings |= TlpWarnings.MessageIgnored;
        return TlpRule.None;
    }

    private static bool IsReadinessMessage(ReadinessMessage message, in TlpHeader header) => header.Tc == 0 && message switch
    {
        ReadinessMessage.Drs => !header.HasData && header.MessageRouting == MessageRouting.Local,
        ReadinessMessage.Frs => !header.HasData && header.MessageRouting == MessageRouting.ToRootComplex,
        _ => header.HasData && header.LengthDw == 4 && header.MessageRouting == MessageRouting.Broadcast,
    };
}
