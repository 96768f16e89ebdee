namespace Sim.Pcie.Spec;

/// <summary>Whether a Message carries a payload.</summary>
public enum MessagePayload : byte
{
    /// <summary>Msg only.</summary>
    None,

    /// <summary>MsgD only.</summary>
    Required,

    /// <summary>Msg or MsgD.</summary>
    Optional,
}

/// <summary>What the specification says of one Message Code.</summary>
/// <param name="Code">Message Code.</param>
/// <param name="Name">The specification's name; a Receiver's error text uses it.</param>
/// <param name="Routings">Bit per permitted routing r[2:0].</param>
/// <param name="Payload">Msg, MsgD or both.</param>
/// <param name="LengthDw">Length of the payload, 0 for any.</param>
/// <param name="NeedsTc0">A Traffic Class other than 0 makes it malformed.</param>
/// <param name="Dw2Mask">Header bits of bytes 8 to 11 that mean something, besides the destination of ID routing.</param>
/// <param name="Dw3Mask">Header bits of bytes 12 to 15 that mean something.</param>
public sealed record MessageSpec(
    MessageCode Code, string Name, byte Routings, MessagePayload Payload, int LengthDw, bool NeedsTc0, uint Dw2Mask, uint Dw3Mask)
{
    /// <summary>True if the Message may be routed this way.</summary>
    public bool Permits(MessageRouting routing) => (Routings & 1 << (int)routing) != 0;
}
