namespace Sim.Pcie.Spec;

/// <summary>AT field of memory Requests (§2.2.4.1, §10.2.1).</summary>
public enum AddressType : byte
{
    /// <summary>Default: the address may still be translated.</summary>
    Untranslated = 0,

    /// <summary>The Request asks for a translation (ATS); reads only.</summary>
    TranslationRequest = 1,

    /// <summary>The address was translated by ATS.</summary>
    Translated = 2,

    /// <summary>Reserved encoding.</summary>
    Reserved = 3,
}
