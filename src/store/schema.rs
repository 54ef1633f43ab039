//! Every table as the migrations make it. Kept true by `tests/it/schema.rs`.

diesel::table! {
    instance_counter (id) {
        id -> Integer,
        opened -> BigInt,
    }
}

diesel::table! {
    tenants (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    sessions (token_hash) {
        token_hash -> Text,
        user_id -> Nullable<BigInt>,
        state -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    password_resets (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sign_in_failures (subject) {
        subject -> Text,
        failures -> Integer,
        first_at -> Timestamp,
        blocked_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    vendors (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        name -> Text,
        legal_name -> Text,
        address -> Text,
        time_zone -> Text,
        currency -> Text,
        document_prefix -> Text,
        payment_days -> Integer,
        payout_day -> Integer,
        first_period -> Integer,
        version -> Integer,
        steps_carved_through -> Integer,
        vat_id -> Text,
        steps_unshared_through -> Integer,
    }
}

diesel::table! {
    payout_minimums (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        currency -> Text,
        minimum_minor -> BigInt,
    }
}

diesel::table! {
    tiers (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        name -> Text,
        rank -> Integer,
        version -> Integer,
    }
}

diesel::table! {
    partners (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        external_id -> Text,
        slug -> Text,
        name -> Text,
        name_key -> Text,
        legal_name -> Text,
        address -> Text,
        country -> Text,
        partner_type -> Text,
        statement_email -> Text,
        statement_delivery -> Text,
        status -> Text,
        created_at -> Timestamp,
        version -> Integer,
        left_on -> Nullable<Date>,
    }
}

diesel::table! {
    memberships (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        user_id -> BigInt,
        partner_id -> Nullable<BigInt>,
        role -> Text,
        email -> Text,
        name -> Text,
        created_at -> Timestamp,
        signed_in_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    invitations (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> Nullable<BigInt>,
        email -> Text,
        name -> Text,
        role -> Text,
        token_hash -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        accepted_at -> Nullable<Timestamp>,
        withdrawn_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    access_tokens (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        name -> Text,
        token_hash -> Text,
        created_by -> Text,
        created_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sla_policies (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        name -> Text,
        summary -> Text,
        version -> Integer,
        zone -> Text,
        opens_minute -> Integer,
        closes_minute -> Integer,
        notice_minutes -> Integer,
        maintenance_cap_minutes -> Nullable<Integer>,
        credit_cap_bps -> Integer,
        claim_days -> Nullable<Integer>,
        liability -> Text,
        partner_share_bps -> Integer,
    }
}

diesel::table! {
    sla_holidays (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        sla_policy_id -> BigInt,
        day -> Date,
    }
}

diesel::table! {
    sla_tickets (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        offering_id -> BigInt,
        external_id -> Text,
        title -> Text,
        severity -> Text,
        opened_at -> Timestamp,
        answered_at -> Nullable<Timestamp>,
        resolved_at -> Nullable<Timestamp>,
        recorded_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    sla_waits (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        ticket_id -> BigInt,
        began_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sla_measured (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        offering_id -> BigInt,
        month -> Integer,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    sla_credits (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        offering_id -> BigInt,
        month -> Integer,
        missed -> Text,
        share_bps -> Integer,
        currency -> Text,
        fee_minor -> BigInt,
        net_minor -> BigInt,
        liability -> Text,
        partner_share_bps -> Integer,
        charged_back_minor -> BigInt,
        status -> Text,
        claim_until -> Nullable<Date>,
        claimed_by -> Text,
        decider -> Text,
        decided_at -> Nullable<Timestamp>,
        answer -> Text,
        created_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    sla_credit_lines (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        sla_credit_id -> BigInt,
        invoice_id -> BigInt,
        invoice_line_id -> BigInt,
        net_minor -> BigInt,
    }
}

diesel::table! {
    sla_credit_notes (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        sla_credit_id -> BigInt,
        credit_note_id -> BigInt,
        charged_back_minor -> BigInt,
    }
}

diesel::table! {
    sla_targets (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        sla_policy_id -> BigInt,
        seq -> Integer,
        metric -> Text,
        threshold -> BigInt,
        calendar -> Text,
        credit_bps -> Integer,
        share_bps -> Integer,
        severity -> Text,
    }
}

diesel::table! {
    sla_events (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        offering_id -> BigInt,
        kind -> Text,
        began_at -> Timestamp,
        ended_at -> Timestamp,
        announced_at -> Nullable<Timestamp>,
        note -> Text,
        recorded_at -> Timestamp,
        external_id -> Nullable<Text>,
    }
}

diesel::table! {
    offerings (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        name -> Text,
        name_key -> Text,
        category -> Text,
        summary -> Text,
        delivery_party -> Text,
        sla_policy_id -> Nullable<BigInt>,
        status -> Text,
        created_at -> Timestamp,
        published_at -> Nullable<Timestamp>,
        version -> Integer,
    }
}

diesel::table! {
    plans (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        offering_id -> BigInt,
        code -> Text,
        name -> Text,
    }
}

diesel::table! {
    plan_versions (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        plan_id -> BigInt,
        version_no -> Integer,
        status -> Text,
        currency -> Text,
        term_months -> Integer,
        notice_days -> Integer,
        published_at -> Nullable<Timestamp>,
        version -> Integer,
        trial_days -> Integer,
        anchor_day -> Nullable<Integer>,
        minimum_minor -> BigInt,
        existing_from -> Nullable<Date>,
        existing_at -> Text,
        existing_months -> Integer,
        interval_months -> Integer,
        proration -> Text,
    }
}

diesel::table! {
    prices (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        plan_version_id -> BigInt,
        seq -> Integer,
        label -> Text,
        unit_price_micro -> BigInt,
        kind -> Text,
        meter -> Nullable<Text>,
        aggregation -> Nullable<Text>,
        package_micro -> Nullable<BigInt>,
        included_micro -> BigInt,
        over_price_micro -> BigInt,
        rollover_micro -> BigInt,
        cap_minor -> Nullable<BigInt>,
        flat_at_zero -> Bool,
        commissionable -> Bool,
    }
}

diesel::table! {
    price_tiers (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        price_id -> BigInt,
        seq -> Integer,
        up_to_micro -> Nullable<BigInt>,
        unit_price_micro -> BigInt,
        flat_minor -> BigInt,
    }
}

diesel::table! {
    commission_plans (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    commission_plan_versions (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        commission_plan_id -> BigInt,
        version_no -> Integer,
        status -> Text,
        effective_from -> Date,
        hold_days -> Integer,
        published_at -> Nullable<Timestamp>,
        version -> Integer,
        outcome -> Text,
        renewal_bps -> Integer,
        renewal_kept_bps -> Integer,
        guarantee_minor -> Nullable<BigInt>,
        guarantee_months -> Nullable<Integer>,
        guarantee_currency -> Nullable<Text>,
        renewal_clawback_days -> Integer,
        renewal_clawback_mode -> Text,
    }
}

diesel::table! {
    commission_clauses (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        commission_plan_version_id -> BigInt,
        seq -> Integer,
        phase -> Nullable<Text>,
        tier_id -> Nullable<BigInt>,
        rate_bps -> Integer,
        offering_id -> Nullable<BigInt>,
        unit_minor -> Nullable<BigInt>,
        months -> Nullable<Integer>,
        cap_minor -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        volume -> Nullable<Text>,
        clawback_days -> Integer,
        clawback_mode -> Text,
        uplift_bps -> Integer,
        volume_span -> Text,
        volume_given_back -> Text,
    }
}

diesel::table! {
    tier_assignments (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        tier_id -> BigInt,
        effective_from -> Date,
    }
}

diesel::table! {
    commission_enrollments (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        commission_plan_version_id -> BigInt,
        effective_from -> Date,
        terms -> Text,
    }
}

diesel::table! {
    customers (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        external_id -> Text,
        name -> Text,
        name_key -> Text,
        country -> Text,
        tax_bps -> Integer,
        created_at -> Timestamp,
        version -> Integer,
        tax_category -> Text,
        vat_id -> Text,
    }
}

diesel::table! {
    tax_rates (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        country -> Text,
        name -> Text,
        rate_bps -> Integer,
        from_on -> Date,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    subscriptions (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        customer_id -> BigInt,
        plan_version_id -> BigInt,
        commission_plan_version_id -> Nullable<BigInt>,
        external_id -> Text,
        currency -> Text,
        starts_on -> Date,
        interval_months -> Integer,
        term_months -> Integer,
        quantity -> Integer,
        mrr_minor -> BigInt,
        billed_periods -> Integer,
        next_bill_on -> Nullable<Date>,
        ends_on -> Nullable<Date>,
        created_at -> Timestamp,
        version -> Integer,
        anchor_on -> Nullable<Date>,
        charged_from -> Nullable<Date>,
        status -> Text,
        ends_by_vendor -> Bool,
        next_plan_version_id -> Nullable<BigInt>,
        next_plan_on -> Nullable<Date>,
        payer_id -> Nullable<BigInt>,
        reseller_bps -> Integer,
        distributor_bps -> Integer,
        street_minor -> Nullable<BigInt>,
        street_list_minor -> Nullable<BigInt>,
        anchor_index -> Integer,
        renewals_from -> Nullable<Date>,
    }
}

diesel::table! {
    subscription_changes (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        kind -> Text,
        effective_on -> Date,
        quantity_before -> Integer,
        quantity_after -> Integer,
        reason -> Text,
        recorded_at -> Timestamp,
        plan_before_id -> Nullable<BigInt>,
        plan_after_id -> Nullable<BigInt>,
        effective_second -> Integer,
        anchor_before -> Nullable<Date>,
        index_before -> Nullable<Integer>,
        interval_before -> Nullable<Integer>,
    }
}

diesel::table! {
    discounts (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        label -> Text,
        percent_bps -> Nullable<Integer>,
        fixed_minor -> Nullable<BigInt>,
        priority -> Integer,
        from_period -> Integer,
        runs_periods -> Nullable<Integer>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    usage_events (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        meter -> Text,
        event_id -> Text,
        subject -> Text,
        value_micro -> BigInt,
        by_partner -> Bool,
        verified_by -> Text,
        occurred_at -> Timestamp,
        received_at -> Timestamp,
        settled -> Bool,
    }
}

diesel::table! {
    usage_charges (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        price_id -> BigInt,
        period_index -> Integer,
        service_from -> Date,
        service_to -> Date,
        used_micro -> BigInt,
        carries_micro -> BigInt,
        billed_minor -> BigInt,
    }
}

diesel::table! {
    mrr_changes (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        customer_id -> BigInt,
        subscription_id -> BigInt,
        offering_id -> BigInt,
        currency -> Text,
        month -> Integer,
        effective_on -> Date,
        change_minor -> BigInt,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    invoices (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        customer_id -> BigInt,
        subscription_id -> BigInt,
        number -> Text,
        issued_on -> Date,
        due_on -> Date,
        currency -> Text,
        tax_bps -> Integer,
        net_minor -> BigInt,
        tax_minor -> BigInt,
        total_minor -> BigInt,
        paid_minor -> BigInt,
        refunded_minor -> BigInt,
        credited_minor -> BigInt,
        reduced_minor -> BigInt,
        created_at -> Timestamp,
        written_off_on -> Nullable<Date>,
        write_off_reason -> Text,
        status -> Text,
        tax_name -> Text,
        tax_note -> Text,
        protected_moved_minor -> BigInt,
        payer_id -> Nullable<BigInt>,
        payer_name -> Text,
        payer_country -> Text,
        payer_vat_id -> Text,
        resold_by -> Text,
    }
}

diesel::table! {
    invoice_lines (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        invoice_id -> BigInt,
        subscription_id -> BigInt,
        line_no -> Integer,
        description -> Text,
        service_from -> Date,
        service_to -> Date,
        quantity -> Integer,
        unit_price_micro -> BigInt,
        net_minor -> BigInt,
        credited_net_minor -> BigInt,
        commission_minor -> BigInt,
        commission_clause_id -> Nullable<BigInt>,
        rate_bps -> Integer,
        phase -> Text,
        tier_id -> Nullable<BigInt>,
        kind -> Text,
        unit_pay_minor -> BigInt,
        share_days -> Integer,
        share_of -> Integer,
        discount_minor -> BigInt,
        shared -> Bool,
        protected_net_minor -> BigInt,
        chosen -> Text,
        resale_minor -> BigInt,
        resold_minor -> Nullable<BigInt>,
        usage_charge_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    charge_segments (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        price_id -> BigInt,
        period_index -> Integer,
        change_no -> Integer,
        service_from -> Date,
        service_to -> Date,
        quantity -> Integer,
        amount_minor -> BigInt,
        credited_minor -> BigInt,
        carried_minor -> BigInt,
        replaces_id -> Nullable<BigInt>,
        invoice_line_id -> Nullable<BigInt>,
        lowered_minor -> BigInt,
        from_at -> Nullable<Timestamp>,
        to_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    payments (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        customer_id -> BigInt,
        external_id -> Text,
        invoice_number -> Nullable<Text>,
        received_on -> Date,
        currency -> Text,
        amount_minor -> BigInt,
        refunded_minor -> BigInt,
        created_at -> Timestamp,
        payer_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    refunds (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        payment_id -> BigInt,
        external_id -> Text,
        refunded_on -> Date,
        amount_minor -> BigInt,
        reason -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    credit_notes (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        customer_id -> BigInt,
        subscription_id -> BigInt,
        number -> Text,
        issued_on -> Date,
        currency -> Text,
        net_minor -> BigInt,
        tax_minor -> BigInt,
        total_minor -> BigInt,
        reduces_due_minor -> BigInt,
        customer_credit_minor -> BigInt,
        reason -> Text,
        created_at -> Timestamp,
        reason_code -> Text,
        commission_rule -> Text,
        refunded_minor -> BigInt,
    }
}

diesel::table! {
    credit_note_lines (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        credit_note_id -> BigInt,
        invoice_id -> BigInt,
        invoice_line_id -> BigInt,
        service_from -> Date,
        service_to -> Date,
        net_minor -> BigInt,
        tax_minor -> BigInt,
    }
}

diesel::table! {
    customer_credits (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        customer_id -> BigInt,
        currency -> Text,
        payment_id -> Nullable<BigInt>,
        credit_note_id -> Nullable<BigInt>,
        amount_minor -> BigInt,
        remaining_minor -> BigInt,
        arisen_on -> Date,
        payer_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    payment_allocations (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        payment_id -> Nullable<BigInt>,
        customer_credit_id -> Nullable<BigInt>,
        invoice_id -> BigInt,
        amount_minor -> BigInt,
        refunded_minor -> BigInt,
        applied_on -> Date,
    }
}

diesel::table! {
    commission_entries (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        customer_id -> Nullable<BigInt>,
        subscription_id -> Nullable<BigInt>,
        invoice_id -> Nullable<BigInt>,
        invoice_line_id -> Nullable<BigInt>,
        commission_clause_id -> Nullable<BigInt>,
        kind -> Text,
        source_kind -> Text,
        source_id -> BigInt,
        seq -> Integer,
        base_minor -> BigInt,
        rate_bps -> Integer,
        exact -> Text,
        amount_minor -> BigInt,
        currency -> Text,
        paid_on -> Date,
        earned_period -> Integer,
        due_period -> Integer,
        posting_period -> Integer,
        matures_on -> Date,
        reverses_id -> Nullable<BigInt>,
        created_at -> Timestamp,
        caps_id -> Nullable<BigInt>,
        note -> Text,
        part -> Text,
        about -> Text,
        seller_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    subscription_parties (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        subscription_id -> BigInt,
        effective_from -> Date,
        share_bps -> Integer,
        about -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    distributor_links (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        distributor_id -> Nullable<BigInt>,
        carved_out -> Bool,
        rate_bps -> Integer,
        effective_from -> Date,
        created_at -> Timestamp,
    }
}

diesel::table! {
    fx_rates (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        from_currency -> Text,
        to_currency -> Text,
        rated_on -> Date,
        rate_nano -> BigInt,
        source -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    payout_currencies (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        currency -> Text,
        effective_from -> Date,
        created_at -> Timestamp,
    }
}

diesel::table! {
    resale_terms (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        reseller_bps -> Integer,
        distributor_bps -> Nullable<Integer>,
        tax_category -> Text,
        tax_bps -> Integer,
        vat_id -> Text,
        effective_from -> Date,
        created_at -> Timestamp,
    }
}

diesel::table! {
    conversions (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        commission_entry_id -> BigInt,
        reverses_id -> Nullable<BigInt>,
        fx_rate_id -> BigInt,
        earned_currency -> Text,
        earned_minor -> BigInt,
        currency -> Text,
        payable_minor -> BigInt,
        rate_nano -> BigInt,
        rated_on -> Date,
        source -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    tax_terms (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        treatment -> Text,
        rate_bps -> Integer,
        withheld_bps -> Integer,
        vat_id -> Text,
        agreed_until -> Nullable<Date>,
        effective_from -> Date,
        created_at -> Timestamp,
    }
}

diesel::table! {
    earning_parts (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        invoice_line_id -> BigInt,
        seq -> Integer,
        part -> Text,
        about -> Text,
    }
}

diesel::table! {
    spiffs (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        name -> Text,
        offering_id -> BigInt,
        from_on -> Date,
        until_on -> Date,
        amount_minor -> BigInt,
        currency -> Text,
        most_per_partner -> Nullable<Integer>,
        clawback_days -> Integer,
        clawback_mode -> Text,
        created_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    adjustments (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        month -> Integer,
        amount_minor -> BigInt,
        currency -> Text,
        reason -> Text,
        memo -> Text,
        status -> Text,
        proposed_by -> BigInt,
        proposer -> Text,
        proposed_at -> Timestamp,
        decided_by -> Nullable<BigInt>,
        decider -> Text,
        decided_at -> Nullable<Timestamp>,
        answer -> Text,
    }
}

diesel::table! {
    deal_registrations (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        offering_id -> BigInt,
        customer_name -> Text,
        name_key -> Text,
        web -> Text,
        name_mark -> Text,
        web_mark -> Text,
        vat_id -> Text,
        quantity -> Integer,
        expected_on -> Date,
        note -> Text,
        status -> Text,
        protected_until -> Nullable<Date>,
        submitted_by -> BigInt,
        submitter -> Text,
        submitted_at -> Timestamp,
        decider -> Text,
        decided_at -> Nullable<Timestamp>,
        answer -> Text,
        subscription_id -> Nullable<BigInt>,
        version -> Integer,
    }
}

diesel::table! {
    forecasts (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        currency -> Text,
        month -> Integer,
        reckoned_on -> Date,
        committed_net_minor -> BigInt,
        committed_minor -> BigInt,
        expected_net_minor -> BigInt,
        expected_minor -> BigInt,
    }
}

diesel::table! {
    periods (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        month -> Integer,
        status -> Text,
        cutoff_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    statements (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        month -> Integer,
        currency -> Text,
        number -> Text,
        status -> Text,
        opening_minor -> BigInt,
        lines_minor -> BigInt,
        payout_minor -> BigInt,
        closing_minor -> BigInt,
        payout_reason -> Text,
        due_on -> Nullable<Date>,
        line_count -> Integer,
        content -> Text,
        sha256 -> Text,
        created_at -> Timestamp,
        tax_minor -> BigInt,
        withheld_minor -> BigInt,
    }
}

diesel::table! {
    statement_lines (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        statement_id -> BigInt,
        commission_entry_id -> BigInt,
        seq -> Integer,
        block -> Text,
    }
}

diesel::table! {
    payouts (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        statement_id -> BigInt,
        currency -> Text,
        amount_minor -> BigInt,
        due_on -> Date,
        status -> Text,
        paid_on -> Nullable<Date>,
        reference -> Nullable<Text>,
        version -> Integer,
        payout_run_id -> Nullable<BigInt>,
        booked_period -> Nullable<Integer>,
    }
}

diesel::table! {
    bank_accounts (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        holder -> Text,
        iban -> Text,
        bic -> Text,
        changed_at -> Timestamp,
        changed_by -> Nullable<BigInt>,
        changer -> Text,
        by_partner -> Bool,
        confirmer -> Text,
        confirmed_at -> Nullable<Timestamp>,
        version -> Integer,
    }
}

diesel::table! {
    own_accounts (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        holder -> Text,
        iban -> Text,
        bic -> Text,
        version -> Integer,
    }
}

diesel::table! {
    payout_runs (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        number -> Text,
        currency -> Text,
        execute_on -> Date,
        holder -> Text,
        iban -> Text,
        bic -> Text,
        transfer_count -> Integer,
        total_minor -> BigInt,
        status -> Text,
        paid_on -> Nullable<Date>,
        reference -> Text,
        created_by -> Text,
        created_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    payout_transfers (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> BigInt,
        payout_run_id -> BigInt,
        payout_id -> BigInt,
        seq -> Integer,
        run_number -> Text,
        statement_number -> Text,
        amount_minor -> BigInt,
        holder -> Text,
        iban -> Text,
        bic -> Text,
    }
}

diesel::table! {
    counters (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        series -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    jobs (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> Nullable<BigInt>,
        kind -> Text,
        payload -> Text,
        dedupe -> Text,
        status -> Text,
        run_at -> Timestamp,
        lease_token -> BigInt,
        lease_until -> Nullable<Timestamp>,
        attempts -> Integer,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    mails (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> Nullable<BigInt>,
        kind -> Text,
        subject_id -> BigInt,
        copy_no -> Integer,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        message_id -> Text,
        attempts -> Integer,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        sent_at -> Nullable<Timestamp>,
        status -> Text,
    }
}

diesel::table! {
    audit_events (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> Nullable<BigInt>,
        actor -> Text,
        actor_user_id -> Nullable<BigInt>,
        action -> Text,
        subject_id -> BigInt,
        summary -> Text,
        changes -> Text,
        happened_at -> Timestamp,
    }
}

diesel::table! {
    form_submissions (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        partner_id -> Nullable<BigInt>,
        form_id -> Text,
        location -> Text,
        submitted_at -> Timestamp,
        content_hash -> Nullable<Text>,
    }
}

diesel::table! {
    import_files (tenant_id, id) {
        tenant_id -> BigInt,
        id -> BigInt,
        kind -> Text,
        file_name -> Text,
        sha256 -> Text,
        content -> Text,
        row_count -> Integer,
        outcome -> Text,
        created_at -> Timestamp,
        applied_at -> Nullable<Timestamp>,
        status -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    instance_counter,
    tenants,
    users,
    sessions,
    password_resets,
    sign_in_failures,
    vendors,
    payout_minimums,
    tiers,
    partners,
    memberships,
    invitations,
    sla_policies,
    sla_targets,
    sla_events,
    sla_holidays,
    sla_tickets,
    sla_waits,
    sla_measured,
    sla_credits,
    sla_credit_lines,
    sla_credit_notes,
    offerings,
    plans,
    plan_versions,
    prices,
    price_tiers,
    commission_plans,
    commission_plan_versions,
    commission_clauses,
    tier_assignments,
    commission_enrollments,
    customers,
    access_tokens,
    subscriptions,
    subscription_changes,
    discounts,
    usage_events,
    usage_charges,
    mrr_changes,
    tax_rates,
    invoices,
    invoice_lines,
    charge_segments,
    payments,
    refunds,
    credit_notes,
    credit_note_lines,
    customer_credits,
    payment_allocations,
    commission_entries,
    adjustments,
    spiffs,
    deal_registrations,
    subscription_parties,
    distributor_links,
    tax_terms,
    fx_rates,
    payout_currencies,
    resale_terms,
    conversions,
    earning_parts,
    forecasts,
    periods,
    statements,
    statement_lines,
    payouts,
    bank_accounts,
    own_accounts,
    payout_runs,
    payout_transfers,
    counters,
    jobs,
    mails,
    audit_events,
    form_submissions,
    import_files,
);
